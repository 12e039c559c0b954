"use strict";

const api = document.getElementById("api");
const text = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
const mono = 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace';

Redoc.init(
  api.dataset.openapiUrl,
  {
    expandResponses: "200,201",
    hideDownloadButton: true,
    scrollYOffset: ".docs-top",
    theme: {
      colors: { primary: { main: "#1d4e79" } },
      // The default names web fonts that this node does not serve.
      typography: { fontFamily: text, headings: { fontFamily: text }, code: { fontFamily: mono } },
    },
  },
  api,
);
