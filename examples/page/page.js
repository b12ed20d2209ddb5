import { ConductoroneSDKTypescript } from "c1-revoke";

const form = document.querySelector("form");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { serverURL, token, ...ids } = Object.fromEntries(new FormData(form));
  try {
    const sdk = new ConductoroneSDKTypescript({ serverURL, security: { bearerAuth: token }, confirm: true });
    await sdk.connector.revokeCredential(ids);
    form.elements.result.value = "Revoked.";
  } catch (error) {
    form.elements.result.value = `${error.name}: ${error.message}`;
  }
});
