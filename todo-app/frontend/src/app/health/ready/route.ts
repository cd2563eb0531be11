/**
 * This pod can serve the page. It stays ready while the API is away, and only says so: were it not ready, one
 * outage of the API would take every frontend pod out of its Service, and people would get the ingress's bare 503
 * in place of a page that tells what is wrong and recovers by itself. A restart or another pod would not help.
 */

import { loadConfig } from "@/lib/config";
import { probe } from "@/lib/upstream";

export const dynamic = "force-dynamic";

const PROBE_SECONDS = 2; // Kubernetes' probe waits 5

export async function GET(): Promise<Response> {
  const host = new URL(loadConfig().apiUrl).host;
  const error = await probe(PROBE_SECONDS);
  const api = error ? { ok: false, host, error } : { ok: true, host };
  return Response.json({ status: error ? "degraded" : "ok", checks: { api } });
}
