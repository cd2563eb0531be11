/** Logs: one JSON object per line on standard output, in the API's form. */

export function log(level: "INFO" | "WARNING" | "ERROR" | "CRITICAL", message: string, extra: object = {}): void {
  const line = { ts: new Date().toISOString(), level, logger: "frontend", message, ...extra };
  console.log(JSON.stringify(line));
}
