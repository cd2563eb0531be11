# Minikube
minikube start
minikube dashboard
minikube tunnel
eval $(minikube docker-env)

# Docker
docker build -t app:tag .
docker run -p 8000:8000 app:tag

# Kubernetes
kubectl apply -f manifest.yaml
kubectl get pods -n namespace
kubectl logs pod-name
kubectl describe pod pod-name
kubectl port-forward svc/api 8000:80

# Helm
helm install app ./chart
helm upgrade app ./chart -f values.yaml
helm list
helm rollback app 1

# AI-Assisted
kubectl ai "show unhealthy pods"
kubectl ai "scale deployment to 5"
