import { ConfigError, loadConfig } from "./config";
import { log } from "./log";

const TERMINATED = 143; // 128 + SIGTERM, as Next itself ends

/** Say where the API is; with a configuration that can't be used, say why and end with exit code 1. */
export function start(): void {
  try {
    const { apiUrl, timeoutSeconds } = loadConfig();
    log("INFO", `serving, with the API at ${apiUrl}`);
    endAfter(timeoutSeconds + 1);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log("CRITICAL", `bad configuration: ${error.message}`);
    process.exit(1);
  }
}

/**
 * On SIGTERM, Next answers what is in flight and ends when every connection is closed. A browser may hold one open
 * that it has not used yet, so the end comes anyway when no request can still be waiting for the API.
 */
function endAfter(seconds: number): void {
  process.once("SIGTERM", () => {
    log("INFO", `SIGTERM: no new requests from now on, stopping within ${seconds} s`);
    setTimeout(() => process.exit(TERMINATED), seconds * 1000).unref();
  });
}
