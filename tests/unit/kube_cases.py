"""A healthy application for the tests of rules on Kubernetes objects, and ways to break it."""

from __future__ import annotations

from dataclasses import dataclass

from checks_help import findings_of

from kitlib.findings import Finding

PATH = "manifests/app.yaml"
GOOD = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: api, namespace: shop}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata: {name: api, namespace: shop}
data:
  LOG_LEVEL: "INFO"
  REDIS_URL: redis://redis:6379/0
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: api-secrets, namespace: shop}
spec:
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  data:
    - secretKey: DATABASE_URL
      remoteRef: {key: shop/api}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: shop
  labels: {app.kubernetes.io/name: api, app.kubernetes.io/version: "1.0.0"}
spec:
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      app.kubernetes.io/name: api
  template:
    metadata:
      labels:
        app.kubernetes.io/name: api
    spec:
      serviceAccountName: api
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: api
          image: ghcr.io/myorg/api:v1.0.0
          imagePullPolicy: IfNotPresent
          ports:
            - name: http
              containerPort: 8000
          env:
            - name: LIMIT
              value: "1000000"
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: api-secrets
                  key: DATABASE_URL
          envFrom:
            - configMapRef:
                name: api
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              cpu: 500m
              memory: 512Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          lifecycle:
            preStop:
              sleep: {seconds: 5}
          livenessProbe:
            httpGet:
              path: /health/live
              port: http
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet:
              path: /health/ready
              port: 8000
          volumeMounts:
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: tmp
          emptyDir: {}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis, namespace: shop}
spec:
  replicas: 1
  serviceName: redis
  selector:
    matchLabels: {app: redis}
  template:
    metadata:
      labels: {app: redis}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 999, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: redis
          image: redis:7
          ports:
            - {name: redis, containerPort: 6379}
          resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 128Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          readinessProbe:
            exec: {command: [redis-cli, -e, ping]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api, namespace: shop}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: api
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
    - type: Resource
      resource: {name: memory, target: {type: Utilization, averageUtilization: 80}}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
        - type: Percent
          value: 10
          periodSeconds: 60
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: api, namespace: shop}
spec:
  minAvailable: 1
  selector:
    matchLabels: {app.kubernetes.io/name: api}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector:
    app.kubernetes.io/name: api
  ports:
    - name: http
      port: 80
      targetPort: 8000
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: shop}
spec:
  selector: {app: redis}
  ports:
    - {name: redis, port: 6379, targetPort: redis}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt-prod
    nginx.ingress.kubernetes.io/limit-rpm: "100"
spec:
  ingressClassName: nginx
  tls:
    - hosts:
        - api.example.com
      secretName: shop-tls
  rules:
    - host: api.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: api
                port:
                  number: 80
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: shop}
spec:
  hostnames: [api.example.com]
  rules: [{backendRefs: [{name: api, port: 80}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector:
    matchLabels: {app.kubernetes.io/name: api}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports: [{port: http}]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
    - to: [{podSelector: {matchLabels: {app: redis}}}]
      ports: [{port: 6379}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: redis, namespace: shop}
spec:
  podSelector:
    matchLabels: {app: redis}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: api}}}]
      ports: [{port: 6379}]
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: letsencrypt-prod}
spec: {acme: {}}
"""
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: {level}
"""


@dataclass(frozen=True)
class Case:
    """One way to break the healthy application.

    Args:
        rule: the id of the rule that has to see it.
        old: a text of the application.
        new: what takes its place.
        line: a text of the line that the finding has to name.
        fix: a text of the fix.
    """

    rule: str
    old: str
    new: str
    line: str
    fix: str

    def __str__(self) -> str:
        lines = self.new.strip().splitlines() or [f"without {self.old.strip().splitlines()[0]}"]
        return f"{self.rule}: {lines[0].strip()}"


def broken(case: Case) -> str:
    """The application with the case's defect."""
    assert GOOD.count(case.old) >= 1, case.old
    return GOOD.replace(case.old, case.new, 1)


def check(case: Case) -> list[Finding]:
    """Assert that the case's rule finds the defect where it is, and nothing in the healthy application."""
    text = broken(case)
    found = findings_of(case.rule, {PATH: text})
    assert found, f"{case.rule} found nothing"
    lines = [text.splitlines()[int(str(item.object).rpartition(":")[2]) - 1] for item in found]
    assert all(case.line in line for line in lines), lines
    assert all(case.fix in (item.fix.summary if item.fix else "") for item in found), found
    assert findings_of(case.rule, {PATH: GOOD}) == []
    return found
