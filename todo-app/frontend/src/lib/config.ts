/** The configuration: environment variables, read when the server starts and never when the image is built. */

export interface Config {
  /** The API's address as this server reaches it, without a slash at its end. */
  apiUrl: string;
  /** How long the API may take for one answer. */
  timeoutSeconds: number;
}

/** An environment variable is missing or cannot be used. */
export class ConfigError extends Error {}

/**
 * Read the environment.
 *
 * @throws ConfigError naming the variable and what is wrong with it.
 */
export function loadConfig(): Config {
  return { apiUrl: apiUrl(process.env.API_URL), timeoutSeconds: seconds(process.env.API_TIMEOUT_SECONDS) };
}

function apiUrl(given: string | undefined): string {
  if (!given) throw new ConfigError("API_URL: is required and not set, such as http://todo-app-api");
  const url = URL.canParse(given) ? new URL(given) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new ConfigError("API_URL: must be a URL that starts with http:// or https://");
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new ConfigError("API_URL: may hold a host, a port and a path, and nothing else");
  }
  return url.href.replace(/\/+$/, "");
}

function seconds(given: string | undefined): number {
  const value = given ? Number(given) : 10;
  if (!(value > 0 && value <= 300)) throw new ConfigError("API_TIMEOUT_SECONDS: must be more than 0 and at most 300");
  return value;
}
