"""The todos' endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Todo
from app.schemas import TodoCreate, TodoOut, TodoPage, TodoUpdate
from app.services import Services, get_services

router = APIRouter(prefix="/todos", tags=["todos"])

WithServices = Annotated[Services, Depends(get_services)]
TodoId = Annotated[int, Path(ge=1, lt=2**63)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, lt=2**31)]


@router.get("")
def list_todos(services: WithServices, limit: Limit = 50, offset: Offset = 0) -> TodoPage:
    """A page of the todos, oldest first."""

    def load() -> TodoPage:
        with services.sessions() as session:
            total = session.scalar(select(func.count()).select_from(Todo)) or 0
            rows = session.scalars(select(Todo).order_by(Todo.id).limit(limit).offset(offset))
            items = [TodoOut.model_validate(row) for row in rows]
        return TodoPage(items=items, total=total, limit=limit, offset=offset)

    return services.cache.read(f"list:{limit}:{offset}", TodoPage, load)


@router.post("", status_code=201)
def create_todo(todo: TodoCreate, services: WithServices, response: Response) -> TodoOut:
    """Store a todo; it is committed before the client hears of it."""
    with services.sessions() as session:
        row = Todo(**todo.model_dump())
        session.add(row)
        session.flush()
        session.refresh(row)
        created = TodoOut.model_validate(row)
        session.commit()
    services.cache.invalidate()
    response.headers["Location"] = f"/todos/{created.id}"
    return created


@router.get("/{todo_id}")
def get_todo(todo_id: TodoId, services: WithServices) -> TodoOut:
    """One todo."""

    def load() -> TodoOut:
        with services.sessions() as session:
            return TodoOut.model_validate(_find(session, todo_id))

    return services.cache.read(f"item:{todo_id}", TodoOut, load)


@router.patch("/{todo_id}")
def update_todo(todo_id: TodoId, changes: TodoUpdate, services: WithServices) -> TodoOut:
    """Change the fields that are given; a new due date will be reminded of again."""
    given = changes.model_dump(exclude_unset=True)
    with services.sessions() as session:
        row = _find(session, todo_id, lock=True)
        if "due_at" in given and given["due_at"] != row.due_at:
            row.reminded_at = None
        for name, value in given.items():
            setattr(row, name, value)
        session.flush()
        session.refresh(row)
        updated = TodoOut.model_validate(row)
        session.commit()
    services.cache.invalidate()
    return updated


@router.delete("/{todo_id}", status_code=204)
def delete_todo(todo_id: TodoId, services: WithServices) -> None:
    """Remove a todo."""
    with services.sessions() as session:
        session.delete(_find(session, todo_id, lock=True))
        session.commit()
    services.cache.invalidate()


def _find(session: Session, todo_id: int, *, lock: bool = False) -> Todo:
    row = session.get(Todo, todo_id, with_for_update=lock or None)
    if row is None:
        raise HTTPException(404, f"there is no todo {todo_id}")
    return row
