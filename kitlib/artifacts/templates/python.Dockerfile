# The {{ name }}'s image.
{% for stage in container.stages %}
#   {{ stage.name }}: {{ stage.does }}
{% endfor %}
ARG {{ base.name }}={{ base.default }}

FROM ${{ "{" }}{{ base.name }}{{ "}" }} AS builder
WORKDIR /app
{% for argument in arguments %}
ARG {{ argument }}
{% endfor %}
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY requirements.txt .
# Every dependency comes as a wheel, so no compiler is needed; the hashes are uv.lock's.
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.txt

FROM ${{ "{" }}{{ base.name }}{{ "}" }} AS runtime
# Numeric, so that Kubernetes' runAsNonRoot can tell.
{% if alpine %}
RUN addgroup -g {{ uid }} app && adduser -D -H -u {{ uid }} -G app -s /sbin/nologin app
{% else %}
RUN groupadd --gid {{ uid }} app \
 && useradd --uid {{ uid }} --gid {{ uid }} --no-create-home --shell /usr/sbin/nologin app
{% endif %}
# kit:keep packages
# kit:keep end
WORKDIR /app
COPY --from=builder /opt/venv /opt/venv
ENV {{ environment }}
{% if folders %}
# The only places that it may write to; the rest is root's, and may be read-only.
RUN mkdir -p {{ folders | join(" ") }} && chown {{ uid }}:{{ uid }} {{ folders | join(" ") }}
{% endif %}
USER {{ uid }}:{{ uid }}
{% if ports %}
EXPOSE {{ ports | join(" ") }}
{% endif %}

# For Compose, which mounts the source over {{ workdir }}/{{ source }}.
FROM runtime AS development
COPY {{ source }} ./{{ source }}
CMD {{ development_command }}

FROM runtime AS production
COPY {{ source }} ./{{ source }}
{% if health %}
# For Compose and docker run: Kubernetes ignores it and has its own probes.
{{ health }}
{% endif %}
CMD {{ command }}
