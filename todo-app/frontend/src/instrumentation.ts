/** What Next calls when the server starts, and when a request fails in our code. */

import type { Instrumentation } from "next";

import { log } from "@/lib/log";

export async function register(): Promise<void> {
  // Next builds this file for its edge runtime, too, where there is no process to end.
  if (process.env.NEXT_RUNTIME === "nodejs") (await import("@/lib/start")).start();
}

export const onRequestError: Instrumentation.onRequestError = (error, request) => {
  const shown = error instanceof Error ? error.stack : String(error);
  log("ERROR", "request failed", { method: request.method, path: request.path, exception: shown });
};
