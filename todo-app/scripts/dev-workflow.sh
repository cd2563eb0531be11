#!/usr/bin/env bash
# Rendered from todo-app/specs by kit spec render: change the specs, not this file.
# kit:digest 2ccfecce79933f0226c7e289ea12d4d2
# Builds the images inside the local cluster, installs the chart with them, and waits; repeat it after a change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PROFILE="${MINIKUBE_PROFILE:-todo-app}"
NAMESPACE="${NAMESPACE:-dev}"
# A tag of its own for each run: under a known one, nodes keep the image they have and no pod is rolled.
TAG="${TAG:-dev-$(date -u +%Y%m%d%H%M%S)}"
CHART=charts/todo-app
kube=(kubectl --context "$PROFILE" --namespace "$NAMESPACE")

minikube status --profile "$PROFILE" >/dev/null || todo-app/scripts/setup-minikube.sh

# Not `eval $(minikube docker-env)`: that needs the Docker runtime inside the cluster.
minikube image build --profile "$PROFILE" --tag "todo-api:$TAG" todo-app/backend
minikube image build --profile "$PROFILE" --tag "todo-frontend:$TAG" todo-app/frontend
minikube image build --profile "$PROFILE" --tag "todo-worker:$TAG" todo-app/worker

# The database keeps the password it was made with; Helm gets it by standard input, where no one else sees it.
password="$("${kube[@]}" get secret todo-app-postgresql --ignore-not-found --output=go-template='{{.data.password | base64decode}}')"
password="${password:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}"
printf '{"postgresql": {"auth": {"password": "%s"}}}' "$password" |
helm upgrade --install todo-app "$CHART" --kube-context "$PROFILE" --namespace "$NAMESPACE" --create-namespace \
  --values "$CHART/values-dev.yaml" --values - \
  --set-string "api.image.tag=$TAG" \
  --set-string "frontend.image.tag=$TAG" \
  --set-string "worker.image.tag=$TAG"

"${kube[@]}" rollout status deployment/todo-app-api --timeout=300s
"${kube[@]}" rollout status deployment/todo-app-frontend --timeout=300s
"${kube[@]}" rollout status deployment/todo-app-worker --timeout=300s
# kit:keep deployed
# kit:keep end
"${kube[@]}" get pods
case "$(uname -s)" in
  Linux) echo "Open http://todo.local http://api.todo.local (setup-minikube.sh says what /etc/hosts needs)." ;;
  *) echo "Run minikube tunnel --profile $PROFILE, which asks for a password, then open http://todo.local http://api.todo.local." ;;
esac
