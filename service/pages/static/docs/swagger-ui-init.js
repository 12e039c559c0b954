"use strict";

const api = document.getElementById("api");
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const applyScheme = () => document.documentElement.classList.toggle("dark-mode", prefersDark.matches);

applyScheme();
prefersDark.addEventListener("change", applyScheme);

window.ui = SwaggerUIBundle({
  url: api.dataset.openapiUrl,
  domNode: api,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  // The default sends the description to a validator on the Internet.
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [SwaggerUIBundle.plugins.DownloadUrl],
  layout: "BaseLayout",
});
