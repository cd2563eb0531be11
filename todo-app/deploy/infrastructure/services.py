# Rendered from todo-app/specs by kit spec render: change the specs, not this file.
# kit:digest b452492acd15d259297c5e38d24ae3e5
"""What the specifications say about the services, in each environment."""

from typing import Any

APP: str = "todo-app"
REGISTRY: str = "ghcr.io/myorg"
STORES: dict[str, int] = {
    "postgresql": 5432,
    "redis": 6379,
}
SERVICES: dict[str, dict[str, Any]] = {
    "frontend": {
        "image": "todo-frontend",
        "port": 80,
        "http": "http",
        "http_port": 3000,
        "metrics_port": None,
        "watched": False,
        "ports": [
            {
                "name": "http",
                "containerPort": 3000,
                "protocol": "TCP",
            },
        ],
        "probes": {
            "startupProbe": {
                "httpGet": {
                    "path": "/health/startup",
                    "port": "http",
                },
                "periodSeconds": 3,
                "timeoutSeconds": 5,
                "failureThreshold": 40,
            },
            "livenessProbe": {
                "httpGet": {
                    "path": "/health/live",
                    "port": "http",
                },
                "periodSeconds": 15,
                "timeoutSeconds": 5,
                "failureThreshold": 3,
            },
            "readinessProbe": {
                "httpGet": {
                    "path": "/health/ready",
                    "port": "http",
                },
                "periodSeconds": 10,
                "timeoutSeconds": 5,
                "failureThreshold": 3,
            },
        },
        "migration": [],
        "secrets": [],
        "calls": ["api"],
        "writable": {
            "tmp": "/tmp",
            "app-next-cache": "/app/.next/cache",
        },
        "uid": 1000,
        "read_only_root": True,
        "grace_seconds": 30,
    },
    "api": {
        "image": "todo-api",
        "port": 80,
        "http": "http",
        "http_port": 8000,
        "metrics_port": 9090,
        "watched": True,
        "ports": [
            {
                "name": "http",
                "containerPort": 8000,
                "protocol": "TCP",
            },
            {
                "name": "metrics",
                "containerPort": 9090,
                "protocol": "TCP",
            },
        ],
        "probes": {
            "startupProbe": {
                "httpGet": {
                    "path": "/health/startup",
                    "port": "http",
                },
                "periodSeconds": 3,
                "timeoutSeconds": 5,
                "failureThreshold": 40,
            },
            "livenessProbe": {
                "httpGet": {
                    "path": "/health/live",
                    "port": "http",
                },
                "periodSeconds": 15,
                "timeoutSeconds": 5,
                "failureThreshold": 3,
            },
            "readinessProbe": {
                "httpGet": {
                    "path": "/health/ready",
                    "port": "http",
                },
                "periodSeconds": 10,
                "timeoutSeconds": 5,
                "failureThreshold": 3,
            },
        },
        "migration": ["python", "-m", "app.migrate"],
        "secrets": ["DATABASE_URL", "REDIS_URL"],
        "calls": ["postgresql", "redis"],
        "writable": {
            "tmp": "/tmp",
        },
        "uid": 1000,
        "read_only_root": True,
        "grace_seconds": 30,
    },
    "worker": {
        "image": "todo-worker",
        "port": None,
        "http": "",
        "http_port": None,
        "metrics_port": None,
        "watched": False,
        "ports": [],
        "probes": {
            "startupProbe": {
                "exec": {
                    "command": ["python", "-m", "worker.heartbeat"],
                },
                "periodSeconds": 5,
                "timeoutSeconds": 10,
                "failureThreshold": 24,
            },
            "livenessProbe": {
                "exec": {
                    "command": ["python", "-m", "worker.heartbeat"],
                },
                "periodSeconds": 30,
                "timeoutSeconds": 10,
                "failureThreshold": 3,
            },
        },
        "migration": [],
        "secrets": ["DATABASE_URL", "REDIS_URL"],
        "calls": ["postgresql", "redis"],
        "writable": {
            "tmp": "/tmp",
        },
        "uid": 1000,
        "read_only_root": True,
        "grace_seconds": 60,
    },
}
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "development": {
        "title": "todo-app",
        "namespace": "dev",
        "pod_security": "restricted",
        "targets": {
            "cpu": 70,
            "memory": 80,
        },
        "tls": False,
        "outside": {},
        "ingress_annotations": {
            "nginx.ingress.kubernetes.io/ssl-redirect": "false",
        },
        "services": {
            "frontend": {
                "replicas": {
                    "minimum": 1,
                    "maximum": 1,
                    "autoscaled": False,
                },
                "resources": {
                    "requests": {
                        "cpu": "50m",
                        "memory": "64Mi",
                    },
                    "limits": {
                        "cpu": "200m",
                        "memory": "256Mi",
                    },
                },
                "settings": {
                    "API_URL": "http://api",
                    "API_TIMEOUT_SECONDS": "10",
                },
                "hosts": ["todo.local"],
            },
            "api": {
                "replicas": {
                    "minimum": 1,
                    "maximum": 1,
                    "autoscaled": False,
                },
                "resources": {
                    "requests": {
                        "cpu": "50m",
                        "memory": "64Mi",
                    },
                    "limits": {
                        "cpu": "500m",
                        "memory": "512Mi",
                    },
                },
                "settings": {
                    "LOG_LEVEL": "DEBUG",
                    "CORS_ORIGINS": "http://todo.local,http://localhost:3000",
                    "PORT": "8000",
                    "METRICS_PORT": "9090",
                    "MIGRATE_WAIT_SECONDS": "30",
                    "SHUTDOWN_DELAY_SECONDS": "5",
                    "SHUTDOWN_TIMEOUT_SECONDS": "20",
                },
                "hosts": ["api.todo.local"],
            },
            "worker": {
                "replicas": {
                    "minimum": 1,
                    "maximum": 1,
                    "autoscaled": False,
                },
                "resources": {
                    "requests": {
                        "cpu": "50m",
                        "memory": "64Mi",
                    },
                    "limits": {
                        "cpu": "500m",
                        "memory": "512Mi",
                    },
                },
                "settings": {
                    "LOG_LEVEL": "DEBUG",
                    "REMINDER_INTERVAL_SECONDS": "10",
                    "HEARTBEAT_FILE": "/tmp/heartbeat",
                },
                "hosts": [],
            },
        },
    },
    "production": {
        "title": "todo-app",
        "namespace": "todo-app",
        "pod_security": "restricted",
        "targets": {
            "cpu": 70,
            "memory": 80,
        },
        "tls": True,
        "outside": {},
        "ingress_annotations": {
            "cert-manager.io/cluster-issuer": "letsencrypt-prod",
            "nginx.ingress.kubernetes.io/ssl-redirect": "true",
            "nginx.ingress.kubernetes.io/proxy-body-size": "10m",
            "nginx.ingress.kubernetes.io/limit-rpm": "100",
        },
        "services": {
            "frontend": {
                "replicas": {
                    "minimum": 2,
                    "maximum": 10,
                    "autoscaled": True,
                },
                "resources": {
                    "requests": {
                        "cpu": "100m",
                        "memory": "256Mi",
                    },
                    "limits": {
                        "cpu": "500m",
                        "memory": "512Mi",
                    },
                },
                "settings": {
                    "API_URL": "http://api",
                    "API_TIMEOUT_SECONDS": "10",
                },
                "hosts": ["app.example.com"],
            },
            "api": {
                "replicas": {
                    "minimum": 2,
                    "maximum": 10,
                    "autoscaled": True,
                },
                "resources": {
                    "requests": {
                        "cpu": "100m",
                        "memory": "256Mi",
                    },
                    "limits": {
                        "cpu": "500m",
                        "memory": "512Mi",
                    },
                },
                "settings": {
                    "LOG_LEVEL": "INFO",
                    "CORS_ORIGINS": "https://app.example.com",
                    "PORT": "8000",
                    "METRICS_PORT": "9090",
                    "MIGRATE_WAIT_SECONDS": "30",
                    "SHUTDOWN_DELAY_SECONDS": "5",
                    "SHUTDOWN_TIMEOUT_SECONDS": "20",
                },
                "hosts": ["api.example.com"],
            },
            "worker": {
                "replicas": {
                    "minimum": 1,
                    "maximum": 5,
                    "autoscaled": False,
                },
                "resources": {
                    "requests": {
                        "cpu": "100m",
                        "memory": "256Mi",
                    },
                    "limits": {
                        "cpu": "500m",
                        "memory": "512Mi",
                    },
                },
                "settings": {
                    "LOG_LEVEL": "INFO",
                    "REMINDER_INTERVAL_SECONDS": "10",
                    "HEARTBEAT_FILE": "/tmp/heartbeat",
                },
                "hosts": [],
            },
        },
    },
}
