// Signing in with a wallet in the browser (EIP-1193): it is shown a text of the server and signs it.

const form = document.querySelector("[data-wallet]");
const told = form && form.querySelector("[data-told]");

function say(text) {
  told.textContent = text;
  told.hidden = false;
}

function hex(text) {
  return "0x" + Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function textToSign(address, chain) {
  const body = new URLSearchParams({ address, chain });
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const answer = await fetch(form.dataset.text, { method: "POST", body, headers, credentials: "same-origin" });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.title);
  return said.message;
}

async function signIn() {
  const wallet = window.ethereum;
  const [account] = await wallet.request({ method: "eth_requestAccounts" });
  const chain = "eip155:" + parseInt(await wallet.request({ method: "eth_chainId" }), 16);
  const message = await textToSign(account, chain);
  const signature = await wallet.request({ method: "personal_sign", params: [hex(message), account] });
  form.elements.message.value = message;
  form.elements.signature.value = signature;
  form.submit();
}

if (form && window.ethereum) {
  form.hidden = false;
  form.querySelector("button").addEventListener("click", async () => {
    try {
      say("Look into your wallet.");
      await signIn();
    } catch (error) {
      say(error && error.message ? String(error.message) : "The wallet did not sign.");
    }
  });
}
