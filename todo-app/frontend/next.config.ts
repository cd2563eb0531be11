import type { NextConfig } from "next";

// Next's own inline scripts carry the page's data, so scripts need 'unsafe-inline'; nothing comes from elsewhere.
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const config: NextConfig = {
  output: "standalone", // a server with the few modules it needs: the image holds no node_modules of ours
  outputFileTracingRoot: import.meta.dirname, // a lockfile in a folder above must not move the server's place
  images: { unoptimized: true }, // the optimiser would write to the disk, and take its 20 MB library along
  outputFileTracingExcludes: { "**": ["**/node_modules/sharp/**", "**/node_modules/@img/**"] },
  poweredByHeader: false,
  async headers() {
    const headers = [
      { key: "X-Content-Type-Options", value: "nosniff" },
      { key: "Referrer-Policy", value: "same-origin" },
    ];
    // `next dev` evaluates code that it sends.
    const policy = { key: "Content-Security-Policy", value: POLICY };
    return [{ source: "/:path*", headers: process.env.NODE_ENV === "production" ? [...headers, policy] : headers }];
  },
};

export default config;
