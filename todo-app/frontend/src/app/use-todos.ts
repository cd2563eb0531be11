"use client";

import { useCallback, useEffect, useState } from "react";

import { addTodo, listTodos, RequestError, setDone, type Todo } from "@/lib/todos";

const RETRY_SECONDS = 5;

/** The todos as the API has them, what went wrong last, and the ways to change them. */
export function useTodos() {
  const [todos, setTodos] = useState<Todo[] | null>(null);
  const [total, setTotal] = useState(0);
  const [loading, setLoading] = useState(true);
  const [problem, setProblem] = useState("");

  /** Get the todos from `offset` on; those before it stay. */
  const load = useCallback(async (offset: number) => {
    setLoading(true);
    try {
      const page = await listTodos(offset);
      setTodos((known) => (offset ? merge(known ?? [], page.items) : page.items));
      setTotal(page.total);
      setProblem("");
    } catch (error) {
      setProblem(`The todos could not be loaded. ${reason(error)}`);
    }
    setLoading(false);
  }, []);

  useEffect(() => void load(0), [load]);

  // The page that came up while the API was away fills itself when the API is back.
  const missing = todos === null && !loading;
  useEffect(() => {
    if (!missing) return;
    const timer = setTimeout(() => load(0), RETRY_SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [missing, load]);

  /** Whether it was added. */
  async function add(title: string): Promise<boolean> {
    try {
      const made = await addTodo(title);
      setTodos((known) => merge(known ?? [], [made]));
      setTotal((count) => count + 1);
      setProblem("");
      return true;
    } catch (error) {
      setProblem(`“${title}” could not be added. ${reason(error)}`);
      return false;
    }
  }

  async function complete(todo: Todo, done: boolean): Promise<void> {
    try {
      const changed = await setDone(todo.id, done);
      setTodos((known) => merge(known ?? [], [changed]));
      setProblem("");
    } catch (error) {
      setProblem(`“${todo.title}” could not be changed. ${reason(error)}`);
    }
  }

  return { todos, total, loading, problem, load, add, complete };
}

/** Those known with those that came, the newer of two with one id, oldest first as the API has them. */
function merge(known: Todo[], came: Todo[]): Todo[] {
  const byId = new Map([...known, ...came].map((todo) => [todo.id, todo]));
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

function reason(error: unknown): string {
  if (error instanceof RequestError) return error.message;
  throw error;
}
