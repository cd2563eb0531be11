#!/usr/bin/env bash
# Builds the images inside the local cluster, installs the chart with them, and waits; repeat it after a change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PROFILE="${MINIKUBE_PROFILE:-{{ app }}}"
NAMESPACE="${NAMESPACE:-{{ namespace }}}"
# A tag of its own for each run: under a known one, nodes keep the image they have and no pod is rolled.
TAG="${TAG:-dev-$(date -u +%Y%m%d%H%M%S)}"
CHART=charts/{{ app }}
kube=(kubectl --context "$PROFILE" --namespace "$NAMESPACE")

{{ status }} >/dev/null || {{ app }}/scripts/setup-minikube.sh

# Not `eval $(minikube docker-env)`: that needs the Docker runtime inside the cluster.
{% for command in builds %}
{{ command }}
{% endfor %}

{% if database %}
# The database keeps the password it was made with; Helm gets it by standard input, where no one else sees it.
password="$("${kube[@]}" get secret {{ app }}-postgresql --ignore-not-found --output=go-template='{{ "{{" }}.data.password | base64decode}}')"
password="${password:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}"
printf '{"postgresql": {"auth": {"password": "%s"}}}' "$password" |
{% endif %}
helm upgrade --install {{ app }} "$CHART" --kube-context "$PROFILE" --namespace "$NAMESPACE" --create-namespace \
  --values "$CHART/values-dev.yaml"{% if database %} --values -{% endif %}{% for name in services %} \
  --set-string "{{ name }}.image.tag=$TAG"{% endfor +%}

{% for name in services %}
"${kube[@]}" rollout status deployment/{{ app }}-{{ name }} --timeout=300s
{% endfor %}
# kit:keep deployed
# kit:keep end
"${kube[@]}" get pods
{% if hosts %}
case "$(uname -s)" in
  Linux) echo "Open{% for host in hosts %} http://{{ host }}{% endfor %} (setup-minikube.sh says what /etc/hosts needs)." ;;
  *) echo "Run minikube tunnel --profile $PROFILE, which asks for a password, then open{% for host in hosts %} http://{{ host }}{% endfor %}." ;;
esac
{% endif %}
