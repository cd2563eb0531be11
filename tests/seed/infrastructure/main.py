# infrastructure/main.py
"""Infrastructure as Code using Pulumi."""

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace, Service, ConfigMap, Secret
from pulumi_kubernetes.networking.v1 import Ingress

# Configuration
config = pulumi.Config()
env = config.require("environment")
app_name = "todo-app"

# Create namespace
namespace = Namespace(
    f"{app_name}-namespace",
    metadata={
        "name": f"{app_name}-{env}",
        "labels": {
            "app.kubernetes.io/name": app_name,
            "app.kubernetes.io/env": env,
        }
    }
)

# ConfigMap
api_config = ConfigMap(
    f"{app_name}-api-config",
    metadata={
        "name": "api-config",
        "namespace": namespace.metadata.name,
    },
    data={
        "LOG_LEVEL": "INFO" if env == "production" else "DEBUG",
        "CORS_ORIGINS": config.require("cors_origins"),
    }
)

# Secret (reference from external source in production)
api_secret = Secret(
    f"{app_name}-api-secret",
    metadata={
        "name": "api-secrets",
        "namespace": namespace.metadata.name,
    },
    string_data={
        "DATABASE_URL": config.require_secret("database_url"),
        "JWT_SECRET": config.require_secret("jwt_secret"),
    }
)

# API Deployment
api_deployment = Deployment(
    f"{app_name}-api",
    metadata={
        "name": "api",
        "namespace": namespace.metadata.name,
        "labels": {
            "app.kubernetes.io/name": "api",
            "app.kubernetes.io/component": "backend",
        }
    },
    spec={
        "replicas": 3 if env == "production" else 1,
        "selector": {
            "matchLabels": {
                "app.kubernetes.io/name": "api",
            }
        },
        "template": {
            "metadata": {
                "labels": {
                    "app.kubernetes.io/name": "api",
                }
            },
            "spec": {
                "containers": [{
                    "name": "api",
                    "image": f"{config.require('registry')}/api:{config.require('version')}",
                    "ports": [{"containerPort": 8000}],
                    "envFrom": [
                        {"configMapRef": {"name": api_config.metadata.name}},
                        {"secretRef": {"name": api_secret.metadata.name}},
                    ],
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "128Mi"},
                        "limits": {"cpu": "500m", "memory": "512Mi"},
                    },
                    "livenessProbe": {
                        "httpGet": {"path": "/health/live", "port": 8000},
                        "initialDelaySeconds": 10,
                        "periodSeconds": 15,
                    },
                    "readinessProbe": {
                        "httpGet": {"path": "/health/ready", "port": 8000},
                        "initialDelaySeconds": 5,
                        "periodSeconds": 10,
                    },
                }],
            }
        }
    }
)

# API Service
api_service = Service(
    f"{app_name}-api-service",
    metadata={
        "name": "api",
        "namespace": namespace.metadata.name,
    },
    spec={
        "selector": {"app.kubernetes.io/name": "api"},
        "ports": [{"port": 80, "targetPort": 8000}],
        "type": "ClusterIP",
    }
)

# Ingress
ingress = Ingress(
    f"{app_name}-ingress",
    metadata={
        "name": "todo-ingress",
        "namespace": namespace.metadata.name,
        "annotations": {
            "kubernetes.io/ingress.class": "nginx",
            "cert-manager.io/cluster-issuer": "letsencrypt-prod",
        }
    },
    spec={
        "tls": [{
            "hosts": [config.require("api_host")],
            "secretName": "api-tls",
        }],
        "rules": [{
            "host": config.require("api_host"),
            "http": {
                "paths": [{
                    "path": "/",
                    "pathType": "Prefix",
                    "backend": {
                        "service": {
                            "name": api_service.metadata.name,
                            "port": {"number": 80},
                        }
                    }
                }]
            }
        }]
    }
)

# Exports
pulumi.export("namespace", namespace.metadata.name)
pulumi.export("api_service", api_service.metadata.name)
pulumi.export("ingress_host", config.require("api_host"))
