"""Every specification of the seed, verbatim, read to its last field."""

from __future__ import annotations

from datetime import date

import pytest
from specs_help import SEED, read, seed, shown

from kitlib import kubernetes_releases

ARCHITECTURE = {
    "services": [
        {
            "name": "frontend",
            "title": "Frontend Service",
            "type": "Web Application",
            "framework": "Next.js",
            "replicas": {"minimum": 2, "maximum": 10, "autoscaled": True},
            "resources": {
                "cpu_request": "100m",
                "cpu_limit": "500m",
                "memory_request": "128Mi",
                "memory_limit": "512Mi",
            },
        },
        {
            "name": "api",
            "title": "API Service",
            "type": "REST API",
            "framework": "FastAPI",
            "replicas": {"minimum": 2, "maximum": 10, "autoscaled": True},
            "resources": {
                "cpu_request": "200m",
                "cpu_limit": "1000m",
                "memory_request": "256Mi",
                "memory_limit": "1Gi",
            },
        },
        {
            "name": "worker",
            "title": "Worker Service",
            "type": "Background Jobs",
            "framework": "Celery/Custom",
            "replicas": {"minimum": 1, "maximum": 5, "autoscaled": False},
            "resources": {
                "cpu_request": "100m",
                "cpu_limit": "500m",
                "memory_request": "256Mi",
                "memory_limit": "512Mi",
            },
        },
    ],
    "compute": {"kubernetes": "1.28", "nodes": 3, "node_vcpu": 2, "node_memory_gb": 4},
    "storage": {
        "database": "PostgreSQL",
        "database_managed": True,
        "cache": "Redis",
        "cache_managed": True,
        "object_storage": "S3-compatible",
    },
    "networking": {
        "ingress": "NGINX Ingress Controller",
        "tls": "cert-manager with Let's Encrypt",
        "dns": "External DNS controller",
    },
    "availability": {
        "sla_target": 99.9,
        "strategy": "Multi-replica, health checks",
        "failover": "Automatic pod rescheduling",
    },
    "scalability": {
        "horizontal": "HPA based on CPU/memory",
        "vertical": "VPA for resource optimization",
        "cpu_target": 70.0,
        "memory_target": 80.0,
    },
    "security": {
        "network_policies": "Namespace isolation",
        "secrets": "External Secrets Operator",
        "rbac": "Least privilege access",
        "pod_security": "Restricted",
    },
}
CONTAINER = {
    "base_image": "python:3.11-slim",
    "language": "python",
    "rationale": "Minimal size, security patches",
    "stages": [
        {"name": "Dependencies", "does": "Install pip packages"},
        {"name": "Application", "does": "Copy source code"},
        {"name": "Runtime", "does": "Configure entrypoint"},
    ],
    "variables": [
        {
            "name": "DATABASE_URL",
            "required": True,
            "default": None,
            "description": "PostgreSQL connection",
            "source": "Secret",
        },
        {
            "name": "REDIS_URL",
            "required": False,
            "default": "localhost:6379",
            "description": "Cache connection",
            "source": "ConfigMap",
        },
        {
            "name": "LOG_LEVEL",
            "required": False,
            "default": "INFO",
            "description": "Logging verbosity",
            "source": "ConfigMap",
        },
    ],
    "ports": [
        {"port": 8000, "protocol": "HTTP", "description": "API endpoint", "name": "http"},
        {"port": 9090, "protocol": "HTTP", "description": "Metrics endpoint", "name": "metrics"},
    ],
    "liveness": {"path": "/health/live"},
    "readiness": {"path": "/health/ready"},
    "startup": {"path": "/health/startup"},
    "resources": {
        "cpu_request": "100m",
        "cpu_limit": "500m",
        "memory_request": "128Mi",
        "memory_limit": "512Mi",
    },
    "security": {"non_root": True, "uid": 1000, "read_only_root": True, "drop_capabilities": ["ALL"]},
}
COMMUNICATION = {
    "synchronous": [
        {
            "pattern": "REST",
            "use_case": "User-facing requests",
            "timeout": "30s",
            "retry": {"attempts": 3, "backoff": "exponential"},
        },
        {
            "pattern": "gRPC",
            "use_case": "Internal service-to-service",
            "timeout": "10s",
            "retry": {"attempts": 3, "backoff": "none"},
        },
    ],
    "asynchronous": [
        {
            "pattern": "Message Queue",
            "brokers": ["Redis", "RabbitMQ"],
            "use_case": "Background jobs",
            "delivery": "At-least-once",
        },
        {
            "pattern": "Event Streaming",
            "brokers": ["Kafka"],
            "use_case": "Event sourcing, audit logs",
            "delivery": "Exactly-once",
        },
    ],
    "service_discovery": {
        "method": "Kubernetes DNS",
        "format": "<service>.<namespace>.svc.cluster.local",
    },
}


def image(name, argument, version):
    return {
        "context": f"./{'backend' if name == 'api' else name}",
        "dockerfile": "Dockerfile",
        "image": f"${{REGISTRY}}/{name}:${{VERSION}}",
        "platforms": ["linux/amd64", "linux/arm64"],
        "build_args": {argument: version},
        "labels": {"maintainer": "team@example.com", "version": "${VERSION}"},
        "scan": True,
        "push": True,
    }


BUILD = {
    "version": "1.0",
    "services": {
        "api": image("api", "PYTHON_VERSION", "3.11"),
        "frontend": image("frontend", "NODE_VERSION", "20"),
    },
    "registry": {"url": "ghcr.io/myorg", "auth": {"method": "token", "secret": "GITHUB_TOKEN"}},
    "scanning": {"tool": "trivy", "severity": ["HIGH", "CRITICAL"], "fail_on_vulnerability": True},
}
LOCAL = {
    "prerequisites": {
        "memory_gb": 8,
        "disk_gb": 20,
        "runtime": "Docker Desktop or compatible runtime",
    },
    "provider": "minikube",
    "driver": "docker",
    "kubernetes": "1.28",
    "cpus": 4,
    "memory_mb": 8192,
    "disk_gb": 40,
    "addons": ["ingress", "metrics-server", "dashboard", "registry"],
}
AI = {
    "allowed": [
        {"action": "Pod restart", "condition": "CrashLoopBackOff > 5min", "approval": "Auto"},
        {"action": "HPA adjustment", "condition": "CPU > 90% for 5min", "approval": "Auto"},
        {"action": "Log collection", "condition": "Any pod failure", "approval": "Auto"},
        {"action": "Resource scaling", "condition": "Memory > 85%", "approval": "Manual"},
        {"action": "Deployment rollback", "condition": "Error rate > 5%", "approval": "Manual"},
        {"action": "Node drain", "condition": "Node unhealthy", "approval": "Manual"},
    ],
    "prohibited": [
        "Namespace deletion",
        "Secret modification",
        "RBAC changes",
        "Network policy changes",
        "PV/PVC deletion",
    ],
    "audit": [
        "All actions logged to audit system",
        "Slack notification for manual approvals",
        "Weekly report of automated actions",
        "Rollback capability for 24 hours",
    ],
    "rollback_hours": 24,
    "escalation": {
        "steps": [
            "AI suggests action",
            "If auto-approved: execute with monitoring",
            "If manual: notify on-call engineer",
            "If no response in 15min: escalate to team lead",
        ],
        "no_response_minutes": 15,
    },
}
AGENT = {
    "apiVersion": "kagent.io/v1",
    "kind": "AgentConfig",
    "metadata": {"name": "todo-app-agent", "namespace": "kagent-system"},
    "spec": {
        "scope": {"namespaces": ["todo-app"], "resources": ["deployments", "pods", "services", "hpa"]},
        "model": {"provider": "openai", "name": "gpt-4", "temperature": 0.1},
        "safety": {
            "requireApproval": ["delete", "scale", "restart"],
            "maxActionsPerHour": 10,
            "dryRunDefault": True,
        },
        "monitoring": [
            {"name": "pod-crash-loop", "condition": "pod.restartCount > 3", "action": "diagnose"},
            {"name": "high-cpu", "condition": "pod.cpuUsage > 90%", "action": "suggest-scaling"},
            {
                "name": "oom-killed",
                "condition": "pod.lastTerminationReason == 'OOMKilled'",
                "action": "suggest-resource-increase",
            },
        ],
        "notifications": {
            "slack": {
                "channel": "#k8s-alerts",
                "events": ["action-suggested", "action-approved", "action-executed"],
            }
        },
    },
}
INFRASTRUCTURE = {
    "name": "production",
    "region": "us-east-1",
    "providers": ["AWS", "GCP", "Azure"],
    "control_plane": {
        "type": "Managed",
        "service": ["EKS", "GKE", "AKS"],
        "version": "1.28",
        "high_availability": True,
        "zones": 3,
    },
    "pools": [
        {
            "name": "default",
            "instance_type": "t3.large",
            "vcpu": 2,
            "memory_gb": 8,
            "min_nodes": 3,
            "max_nodes": 10,
            "autoscaling": True,
        },
        {
            "name": "high-memory",
            "instance_type": "r6i.xlarge",
            "vcpu": 4,
            "memory_gb": 32,
            "min_nodes": 0,
            "max_nodes": 5,
            "taints": ["workload=memory:NoSchedule"],
        },
    ],
    "networking": {
        "vpc_cidr": "10.0.0.0/16",
        "pod_cidr": "10.1.0.0/16",
        "service_cidr": "10.2.0.0/16",
        "dns": "CoreDNS",
    },
    "storage": {"storage_class": "gp3", "backup": {"schedule": "Daily", "retention_days": 7}},
    "security": {
        "network_policies": "Calico",
        "secrets_management": "External Secrets + Vault",
        "pod_security": "Restricted",
        "audit_logging": "CloudWatch/Stackdriver",
    },
    "observability": {
        "metrics": "Prometheus + Grafana",
        "logging": "Loki/ELK",
        "tracing": "Jaeger",
        "alerting": "AlertManager → PagerDuty",
    },
}
IDENTITY = {"name": "todo-app", "type": "Microservice", "domain": "Tasks"}
TEMPLATES = {
    "specs/architecture.md": (
        ARCHITECTURE,
        {"Application_Name": "todo-app", "Microservice_|_Monolith_|_Serverless": "Microservice"}
        | {"Business_domain": "Tasks"},
        IDENTITY,
        [4, 5, 6],
    ),
    "specs/container.md": (CONTAINER, {"Service_Name": "API"}, {"name": "api", "title": "API"}, [1]),
    "specs/infrastructure.md": (INFRASTRUCTURE, {"Environment_Name": "production"}, {}, [1]),
}
WHOLE = {
    "specs/communication.yaml": COMMUNICATION,
    "build-spec.yaml": BUILD,
    "specs/local-cluster.md": LOCAL,
    "specs/ai-operations.md": AI,
    "kagent-config.yaml": AGENT,
}


def dumped(reading):
    """What the document set, as plain data: nothing more and nothing less may be there."""
    assert reading.spec is not None, shown(reading.findings)
    return reading.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)


@pytest.mark.parametrize("name", WHOLE)
def test_a_document_of_the_seed_is_read_to_its_last_field(name):
    reading = seed(name)
    assert dumped(reading) == WHOLE[name]
    assert not shown(reading.findings, "error")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_of_the_seed_is_read_but_for_what_only_its_author_knows(name):
    expected, _, _, lines = TEMPLATES[name]
    reading = seed(name)
    assert reading.spec is None
    assert reading.data == expected
    errors = [f for f in reading.findings if f.severity == "error"]
    assert shown(errors) == [("error", "spec-placeholder", f"{name}:{line}") for line in lines]
    text = (SEED / name).read_text().splitlines()
    assert all(f.fix.summary == f"fill this in: {f.found}" for f in errors)
    assert all(f.found in text[line - 1] for f, line in zip(errors, lines, strict=True))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_with_its_placeholders_filled_is_whole(name):
    expected, filled, added, _ = TEMPLATES[name]
    reading = seed(name, **filled)
    assert dumped(reading) == expected | added
    assert not shown(reading.findings, "error")


def test_the_filled_architecture_says_what_is_behind_each_line():
    name, filled = "specs/architecture.md", TEMPLATES["specs/architecture.md"][1]
    reading = seed(name, **filled)
    assert reading.where("services", 1, "resources", "cpu_limit") == f"{name}:45"
    assert reading.words_of("services", 1, "resources", "cpu_limit") == (
        "Service Components",
        "API Service",
        "Resources",
        "CPU",
    )
    assert reading.where("compute", "kubernetes") == f"{name}:59"
    assert reading.where("security", "pod_security") == f"{name}:89"


def test_the_seeds_warnings_and_nothing_else():
    found = [
        (f.severity, f.id, str(f.object), f.found)
        for name in [*WHOLE, *TEMPLATES]
        for f in seed(name, **TEMPLATES.get(name, ({}, {}))[1]).findings
    ]
    ended = kubernetes_releases.end_of_life("1.28")
    assert ended == date(2024, 10, 22)
    old = f"Kubernetes 1.28, which ended on {ended}"
    assert found == [
        ("warning", "spec-delivery", "specs/communication.yaml:23", "Exactly-once from Kafka"),
        ("warning", "spec-kubernetes-ended", "specs/local-cluster.md:10", old),
        ("info", "spec-agent-group", "kagent-config.yaml:2", "kagent.io/v1"),
        ("warning", "spec-agent-model", "kagent-config.yaml:21", "gpt-4"),
        ("warning", "spec-kubernetes-ended", "specs/architecture.md:59", old),
        ("warning", "spec-kubernetes-ended", "specs/infrastructure.md:12", old),
    ]


@pytest.mark.parametrize("name", ["specs/kagent.md", "specs/kubectl-ai.md"])
def test_a_document_of_no_kind_gets_the_list_of_kinds(name):
    reading = read(SEED / name)
    assert reading.kind is None
    [finding] = reading.findings
    assert finding.id == "spec-kind"
    assert "# AI Operations Specification" in finding.expected
