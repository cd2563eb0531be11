"""What the twelve-factor audit looks for in the todo application's files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """One line to be found, or not to be found.

    Args:
        says: what that speaks for.
        files: which files, as a glob from the project's root.
        pattern: a regular expression, whose `^` and `$` are a line's.
        absent: whether no file may have it.
    """

    says: str
    files: str
    pattern: str
    absent: bool = False


_CODE = "todo-app/*/*/*.py"
_PAGE = "todo-app/frontend/src/**/*.ts*"
_CHART = "charts/todo-app"

LOOKS: dict[str, tuple[Look, ...]] = {
    "Codebase": (
        Look("every image is built from a folder of this repository", ".github/workflows/*.yaml",
             r"context: todo-app/\w+"),
        Look("production is deployed from the same repository", "todo-app/deploy/argocd-application.yaml",
             r"path: charts/todo-app"),
    ),
    "Dependencies": (
        Look("Python packages are locked by hashes", "todo-app/*/requirements.txt", r"--hash=sha256:"),
        Look("the image installs nothing else", "todo-app/backend/Dockerfile", r"--require-hashes"),
        Look("npm packages come from the lock file", "todo-app/frontend/Dockerfile", r"^RUN npm ci"),
    ),
    "Config": (
        Look("the API reads its environment", "todo-app/backend/app/config.py", r"Settings\(BaseSettings\)"),
        Look("the page does, at its start", "todo-app/frontend/src/lib/config.ts", r"process\.env\.API_URL"),
        Look("nothing is frozen into the page's image", _PAGE, r"NEXT_PUBLIC_", absent=True),
        Look("no password in the code", _CODE, r"(?i)password\w*\s*=\s*[\"'][^\"']", absent=True),
    ),
    "Backing Services": (
        Look("the database is an address in the environment", "todo-app/specs/containers/api.md",
             r"\| DATABASE_URL \| Yes"),
        Look("the chart's own database can be switched off for another", f"{_CHART}/Chart.yaml",
             r"condition: postgresql\.enabled"),
    ),
    "Build/Release": (
        Look("an image is built with the commit's tag", ".github/workflows/*.yaml", r"tags: .*env\.TAG"),
        Look("a release is the chart, and a tag", "todo-app/deploy/argocd-application.yaml", r"image\.tag"),
        Look("what runs cannot change its program", f"{_CHART}/templates/_helpers.tpl",
             r"readOnlyRootFilesystem: true"),
    ),
    "Processes": (
        Look("no component has a volume of its own", f"{_CHART}/templates/*",
             r"persistentVolumeClaim|volumeClaimTemplates", absent=True),
        Look("todos are in the database", "todo-app/backend/app/models.py", r"__tablename__|Table\("),
    ),
    "Port Binding": (
        Look("the API is its own web server", "todo-app/backend/app/main.py", r"port=settings\.port"),
        Look("the page is, too", "todo-app/frontend/Dockerfile", r"^CMD .*server\.js"),
    ),
    "Concurrency": (
        Look("an autoscaler adds pods", f"{_CHART}/templates/hpa.yaml", r"kind: HorizontalPodAutoscaler"),
        Look("workers pass over what another has locked", "todo-app/worker/worker/reminders.py",
             r"skip_locked=True"),
    ),
    "Disposability": (
        Look("SIGTERM reaches the program, with no shell between", "todo-app/backend/Dockerfile",
             r'^CMD \["python"'),
        Look("it answers what is in flight before it ends", "todo-app/backend/app/main.py", r"def _drain"),
        Look("a reminder is marked after it was delivered", "todo-app/worker/worker/reminders.py",
             r"if _deliver\("),
    ),
    "Dev/Prod Parity": (
        Look("Compose runs the same PostgreSQL as the chart", "todo-app/docker-compose.yml", r"postgres:15"),
        Look("the chart has it", f"{_CHART}/charts/postgresql/values.yaml", r'tag: "15"'),
        Look("development has the network policies of production", f"{_CHART}/values-dev.yaml",
             r"^networkPolicy:\n  enabled: false", absent=True),
    ),
    "Logs": (
        Look("one JSON object a line, on standard output", "todo-app/backend/app/logs.py",
             r"StreamHandler\(sys\.stdout\)"),
        Look("no program writes log files", _CODE, r"FileHandler\(", absent=True),
    ),
    "Admin Processes": (
        Look("the migration is a command of the API's image", f"{_CHART}/templates/deployment.yaml",
             r'command: \["python", "-m", "app\.migrate"\]'),
        Look("it runs once and ends", "todo-app/backend/app/migrate.py", r"sys\.exit\(main\(\)\)"),
    ),
}  # fmt: skip
