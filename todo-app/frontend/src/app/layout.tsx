import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";

import "./style.css";

export const metadata: Metadata = {
  title: "Todos",
  description: "What there is to do: list, add, complete.",
  icons: { icon: "/icon.svg" },
};

export const viewport: Viewport = {
  colorScheme: "light dark",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f6f7f9" },
    { media: "(prefers-color-scheme: dark)", color: "#14171c" },
  ],
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
