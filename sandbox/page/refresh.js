// Keeps a list up to date: the mailbox's, or a phone's.

setInterval(async () => {
  if (document.hidden) return;
  const page = new DOMParser().parseFromString(await (await fetch(location)).text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  if (page.textContent !== main.textContent) main.replaceWith(page);
}, 1500);
