# Cluster Management
minikube start                    # Start cluster
minikube stop                     # Stop cluster
minikube delete                   # Delete cluster
minikube status                   # Check status
minikube ip                       # Get cluster IP

# Addons
minikube addons list              # List all addons
minikube addons enable <addon>    # Enable addon
minikube addons disable <addon>   # Disable addon

# Docker Integration
eval $(minikube docker-env)       # Use Minikube's Docker
eval $(minikube docker-env -u)    # Revert to host Docker

# Networking
minikube tunnel                   # Expose LoadBalancer services
minikube service <name> --url     # Get service URL

# Dashboard
minikube dashboard                # Open web dashboard

# Troubleshooting
minikube logs                     # View logs
minikube ssh                      # SSH into node
kubectl get events --sort-by='.lastTimestamp'  # Recent events
