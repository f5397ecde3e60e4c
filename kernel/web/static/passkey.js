// Forms with data-passkey ask the browser for a passkey first and send its answer; without a script they stay hidden.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const withIds = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const read = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: withIds(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: withIds(options.allowCredentials) }),
  });

  const write = ({ id, rawId, type, response }) => {
    const answer = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (response[name]) answer[name] = text(response[name]);
    if (response.getTransports) answer.transports = response.getTransports();
    return JSON.stringify({ id, rawId: text(rawId), type, response: answer });
  };

  const ask = async (form, extra = {}) => {
    const sent = await fetch(form.dataset.options, { headers: { accept: "application/json" } });
    if (!sent.ok) throw new Error((await sent.json().catch(() => ({}))).detail ?? "");
    const publicKey = read(await sent.json());
    return write(await navigator.credentials[form.dataset.passkey]({ publicKey, ...extra }));
  };

  let waiting = new AbortController();
  document.addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      if (!form.matches("[data-passkey]") || form.elements.credential.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      waiting.abort();
      const status = form.querySelector("[data-passkey-status]");
      status.textContent = "";
      try {
        form.elements.credential.value = await ask(form);
        form.requestSubmit();
      } catch (error) {
        status.textContent =
          error.name === "InvalidStateError" ? status.dataset.known : error.name === "Error" && error.message
            ? error.message : status.dataset.cancelled;
      }
    },
    true,
  );

  // The browser may offer a passkey where the login name is typed.
  const offer = async (form) => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    try {
      form.elements.credential.value = await ask(form, { mediation: "conditional", signal: waiting.signal });
      form.requestSubmit();
    } catch {
      // Not taken up, or given up for the button: nothing to say.
    }
  };

  for (const form of document.querySelectorAll("[data-passkey]")) {
    form.hidden = false;
    form.closest("[data-passkey-part]")?.removeAttribute("hidden");
    if ("offered" in form.dataset) offer(form);
  }
})();
