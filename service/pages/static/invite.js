"use strict";
// The code of an invitation is behind the # of its link, which no server sees. It goes into the form, out of the
// address and its history, and stays in this tab over a sign-in.
(() => {
  const KEY = "parley-invitation";
  const field = document.getElementById("code");
  const keep = (code) => {
    try { sessionStorage.setItem(KEY, code); } catch { /* a browser that keeps nothing */ }
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
  take();
  addEventListener("hashchange", take);
  field.form.addEventListener("submit", () => keep(field.value));
})();
