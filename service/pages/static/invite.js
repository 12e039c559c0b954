"use strict";
// The code of an invitation is behind the # of its link, which no server sees. It goes into the form, out of the
// address and its history, and stays in this tab over a sign-in, after which what was asked for is shown, once.
(() => {
  const KEY = "parley-invitation", ASKED = "parley-invitation-asked";
  const field = document.getElementById("code");
  const keep = (code) => {
    try { sessionStorage.setItem(KEY, code); } catch { /* a browser that keeps nothing */ }
  };
  const ask = (path) => {
    try { sessionStorage.setItem(ASKED, path); } catch { /* then the button is pressed again */ }
  };
  // True once, on the way back from the sign-in: not for whoever goes back in the history, nor for another link.
  const wasAsked = () => {
    try {
      const asked = sessionStorage.getItem(ASKED);
      sessionStorage.removeItem(ASKED);
      const [{type}] = performance.getEntriesByType("navigation");
      return asked === location.pathname && type === "navigate" && !location.hash;
    } catch { return false; }
  };
  const kept = () => {
    try { return sessionStorage.getItem(KEY); } catch { return null; }
  };
  const take = () => {
    const code = location.hash.slice(1);
    if (code) {
      history.replaceState(null, "", location.pathname);
      keep(code);
    }
    field.value = code || kept() || field.value;
  };
  const again = wasAsked();
  take();
  addEventListener("hashchange", take);
  field.form.addEventListener("submit", () => { keep(field.value); ask(location.pathname); });
  if (again && field.value && !field.hasAttribute("aria-invalid")) field.form.submit();
})();
