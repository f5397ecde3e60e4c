// Reading codes with the camera, where the browser knows how; the page has a field for those where it does not.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // A code before the camera, where the browser can read it: its text goes into the field, and the form is sent.
  const watch = async (camera) => {
    const [button, video, sorry] = camera.children;
    const reader = new BarcodeDetector({ formats: ["qr_code"] });
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      sorry.hidden = false;
      return;
    }
    button.hidden = sorry.hidden = true;
    video.hidden = false;
    video.srcObject = stream;
    await video.play();
    const end = () => stream.getTracks().forEach((track) => track.stop());
    addEventListener("pagehide", end, { once: true });
    const look = async () => {
      const [code] = await reader.detect(video).catch(() => []);
      if (!code) return void setTimeout(look, 200);
      end();
      const field = document.getElementById(camera.dataset.camera);
      field.value = code.rawValue;
      field.form.requestSubmit();
    };
    look();
  };
  const cameras = async () => {
    const reads = await window.BarcodeDetector?.getSupportedFormats?.();
    if (!reads?.includes("qr_code") || !navigator.mediaDevices) return;
    for (const camera of all("[data-camera]")) {
      camera.hidden = false;
      camera.querySelector("button").addEventListener("click", () => watch(camera));
    }
  };

  addEventListener("DOMContentLoaded", () => cameras().catch(() => {}));
})();
