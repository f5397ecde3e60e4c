// What a script adds to pages that already work without one. No framework, no inline handlers, nothing from elsewhere.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

  // htmx sends the page's CSRF token with every request that changes something.
  document.addEventListener("htmx:configRequest", (event) => {
    if (token() && event.detail.verb !== "get") event.detail.headers["X-CSRF-Token"] = token();
  });

  // A form is sent once: the second press does nothing until the page comes back.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    form.classList.add("is-sending");
    form.setAttribute("aria-busy", "true");
  });
  const unlock = (form) => {
    delete form.dataset.sent;
    form.classList.remove("is-sending");
    form.removeAttribute("aria-busy");
  };
  addEventListener("pageshow", () => all("[data-sent]").forEach(unlock));
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("[data-once]");
    if (form) unlock(form);
  });

  // Dialogs: a link to #id opens it as a modal; without a script it opens in place.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-opens]");
    const closer = event.target.closest?.("[data-closes]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (dialog?.showModal) {
        event.preventDefault();
        dialog.showModal();
      }
    } else if (closer) {
      const dialog = closer.closest("dialog[open]");
      if (dialog) {
        event.preventDefault();
        dialog.close();
      }
    } else if (event.target.matches?.("dialog[open]")) {
      event.target.close();
    }
  });

  // Toasts leave after a while, but never while somebody looks at or listens to them.
  const fade = (toast) => {
    const away = () => (toast.matches(":hover, :focus-within") ? setTimeout(away, 2000) : toast.remove());
    setTimeout(away, document.documentElement.hasAttribute("data-senior") ? 15000 : 6000);
  };
  const say = (text, href) => {
    const toast = document.createElement("div");
    toast.className = "toast";
    const words = document.createElement(href ? "a" : "p");
    words.textContent = text;
    if (href) words.href = href;
    toast.append(words);
    document.getElementById("toasts")?.append(toast);
    fade(toast);
  };

  // Read aloud, where the device has a voice.
  let isReading = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-read]");
    if (!button) return;
    speechSynthesis.cancel();
    if (isReading) return void (isReading = false);
    const said = new SpeechSynthesisUtterance(document.getElementById(button.dataset.read)?.innerText ?? "");
    said.lang = document.documentElement.lang;
    said.rate = 0.9;
    said.onend = () => (isReading = false);
    isReading = true;
    speechSynthesis.speak(said);
  });

  // j and k walk through a table's rows, Enter opens the row; never while somebody types.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    const rows = all("table[data-keys] tbody tr");
    if (!rows.length || !["j", "k", "Enter"].includes(event.key)) return;
    const at = rows.findIndex((row) => row.classList.contains("is-at"));
    if (event.key === "Enter") {
      if (at >= 0 && document.activeElement === document.body) rows[at].querySelector("a")?.click();
      return;
    }
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)))];
    rows[at]?.classList.remove("is-at");
    next.classList.add("is-at");
    const link = next.querySelector("a");
    link ? link.focus({ preventScroll: true }) : undefined;
    next.scrollIntoView({ block: "nearest" });
  });

  // Live push: one stream per browser. The tab that holds the lock listens and tells the others; it lets go when hidden.
  const live = () => {
    const address = document.body.dataset.live;
    if (!address || !window.EventSource) return;
    const key = "dongchu-live:" + address;
    const channel = window.BroadcastChannel ? new BroadcastChannel(key) : null;
    let source, release, timer, pending;
    const seen = () => sessionStorage.getItem(key) ?? "";
    const take = (message) => {
      if (!message.id || message.id === seen()) return;
      sessionStorage.setItem(key, message.id);
      const news = JSON.parse(message.data);
      for (const count of all("[data-unread]")) {
        count.hidden = !(news.unread > 0);
        if (count.firstElementChild) count.firstElementChild.textContent = news.unread > 99 ? "99+" : news.unread;
      }
      if (news.title) say(news.title, news.link);
      document.body.dispatchEvent(new CustomEvent("dongchu:news", { detail: news, bubbles: true }));
      if (window.htmx) htmx.trigger(document.body, "news", news);
    };
    channel?.addEventListener("message", (event) => take(event.data));
    const share = (event) => {
      const message = { id: event.lastEventId, data: event.data };
      take(message);
      channel?.postMessage(message);
    };
    const withLast = () => address + (seen() ? (address.includes("?") ? "&" : "?") + "last_event_id=" + encodeURIComponent(seen()) : "");
    const poll = async () => {
      const answer = await fetch(withLast(), { headers: { Accept: "application/json" } }).catch(() => null);
      if (answer?.ok) for (const one of await answer.json()) share({ lastEventId: String(one.id), data: JSON.stringify(one) });
    };
    const listen = () => {
      let failures = 0;
      source = new EventSource(withLast());
      source.addEventListener("message", share);
      source.addEventListener("notice", share);
      source.addEventListener("open", () => (failures = 0));
      source.addEventListener("error", () => {
        failures += 1;
        if (failures < 4 && source.readyState !== EventSource.CLOSED) return;
        source.close();
        clearInterval(timer);
        timer = setInterval(poll, 20000);
      });
    };
    const lead = () => {
      if (!navigator.locks) return listen();
      pending = new AbortController();
      navigator.locks
        .request(key, { signal: pending.signal }, () => new Promise((done) => ((release = done), listen())))
        .catch(() => {});
    };
    const leave = () => {
      source?.close();
      clearInterval(timer);
      pending?.abort();
      release?.();
      source = release = pending = undefined;
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? leave() : lead()));
    addEventListener("pagehide", leave);
    addEventListener("pageshow", (event) => event.persisted && !document.hidden && lead());
    if (!document.hidden) lead();
  };

  // Paper cannot be unfolded.
  addEventListener("beforeprint", () => all("details").forEach((folded) => (folded.open = true)));

  addEventListener("DOMContentLoaded", () => {
    if (window.speechSynthesis) all("[data-read]").forEach((button) => (button.hidden = false));
    if (matchMedia("(max-width: 59.99rem)").matches) all("[data-menu]").forEach((menu) => (menu.open = false));
    document.querySelector(".top-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    all("[data-toast]").forEach(fade);
    document.querySelector("[data-focus]")?.focus();
    new MutationObserver((changes) => {
      for (const change of changes) change.addedNodes.forEach((node) => node.matches?.("[data-toast]") && fade(node));
    }).observe(document.getElementById("toasts"), { childList: true });
    live();
  });
})();
