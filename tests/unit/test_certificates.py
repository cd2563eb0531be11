"""When a certificate and key can take the place of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tls_help import secret, signed

from kitlib.cluster import Resource
from kitlib.errors import RunbookError
from kitlib.operations import certificates

HOSTS = ("app.example.com", "api.example.com")
MONTH = timedelta(days=30)


@pytest.fixture(scope="module")
def root():
    return signed("root")


@pytest.fixture(scope="module")
def middle(root):
    return signed("middle", by=root)


@pytest.fixture(scope="module")
def leaf(middle):
    return signed("leaf", by=middle, hosts=HOSTS)


def pair(*chain, key=None):
    pem = b"".join(item.pem for item in chain)
    return certificates.read_pair(Resource(secret("new", pem, (key or chain[0]).key_pem)))


def problems(*chain, key=None, hosts=HOSTS, valid_for=MONTH):
    return certificates.problems(pair(*chain, key=key), hosts, valid_for=valid_for)


def test_a_fit_pair_has_no_problem(leaf, middle, root):
    assert problems(leaf, middle) == []
    assert problems(leaf, middle, root) == []
    assert problems(leaf) == []  # a chain of one is in order, whoever signed it


def test_a_key_of_another_certificate(leaf, middle):
    assert problems(leaf, middle, key=middle) == ["its private key belongs to another certificate"]


def test_a_chain_in_another_order(leaf, middle, root):
    assert problems(leaf, root, middle)[0] == (
        "the chain is not in order: CN=leaf is followed by CN=root, which did not sign it"
    )
    stranger = signed("middle")  # of the same name, with another key
    assert len(problems(leaf, stranger)) == 1


def test_validity(middle):
    expired = signed("old", by=middle, hosts=HOSTS, days=-1)
    assert "CN=old expired at" in problems(expired)[0]
    short = signed("short", by=middle, hosts=HOSTS, days=20)
    assert "CN=short is valid only until" in problems(short)[0]
    assert problems(short, valid_for=timedelta(days=10)) == []
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    later = signed("later", by=middle, hosts=HOSTS, begins=tomorrow)
    assert "CN=later is valid only from" in problems(later)[0]


def test_an_authority_in_the_chain_that_expires_counts_too(root):
    authority = signed("short authority", by=root, days=5)
    own = signed("leaf", by=authority, hosts=HOSTS)
    (problem,) = problems(own, authority)
    assert problem.startswith("CN=short authority is valid only until")


@pytest.mark.parametrize(
    ("names", "host", "covered"),
    [
        (["app.example.com"], "app.example.com", True),
        (["APP.example.com"], "app.Example.com", True),
        (["*.example.com"], "app.example.com", True),
        (["*.example.com"], "a.app.example.com", False),
        (["*.example.com"], "example.com", False),
        (["example.com"], "app.example.com", False),
        (["*"], "localhost", False),
        (["*.example.com"], "*.example.com", True),
    ],
)
def test_hosts(middle, names, host, covered):
    own = signed("own", by=middle, hosts=names)
    assert problems(own, hosts=[host]) == ([] if covered else [f"it is not for the host {host}"])


def test_the_common_name_is_no_host(root):
    assert problems(root, hosts=["root"]) == ["it is not for the host root"]


def test_what_can_not_be_read_is_said_without_what_it_holds(leaf):
    good = secret("s", leaf.pem, leaf.key_pem)
    for key, title in (("tls.crt", "no certificate in PEM"), ("tls.key", "no private key in PEM")):
        bad = good | {"data": good["data"] | {key: "bm90IFBFTSBhdCBhbGw="}}  # "not PEM at all"
        with pytest.raises(RunbookError, match=title) as error:
            certificates.read_pair(Resource(bad))
        assert "not PEM at all" not in str(error.value)
        missing = good | {"data": {k: v for k, v in good["data"].items() if k != key}}
        with pytest.raises(RunbookError, match=f"has no {key}"):
            certificates.read_pair(Resource(missing))


def test_the_text_of_a_pair_holds_nothing_of_its_key(leaf, middle):
    text = pair(leaf, middle).text()
    assert "app.example.com, api.example.com" in text
    assert "certificates in the chain: 2" in text
    assert leaf.key_pem.decode().splitlines()[1] not in text


def ingress(*sections, hosts=HOSTS):
    rules = [{"host": host} for host in hosts]
    return Resource({"kind": "Ingress", "metadata": {"name": "i"}, "spec": {"tls": sections, "rules": rules}})


def test_the_hosts_that_an_ingress_serves_with_a_secret():
    assert certificates.hosts_of(ingress({"secretName": "a", "hosts": ["x.org"]}), "a") == ["x.org"]
    assert certificates.hosts_of(ingress({"secretName": "a"}), "a") == list(HOSTS)
    with pytest.raises(RunbookError, match="does not use Secret b; it uses a"):
        certificates.hosts_of(ingress({"secretName": "a"}), "b")
    with pytest.raises(RunbookError, match="it uses none"):
        certificates.hosts_of(ingress(), "b")
