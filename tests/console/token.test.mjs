// The sandbox's token endpoint: what it asks of a client assertion, tried with assertions that this test signs itself.
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { startConsole } from "./harness.mjs";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("the sandbox's token endpoint", { timeout: 600_000 }, () => {
  let served, clientID, key;
  before(async () => {
    served = await startConsole();
    const { apiKey } = await (await fetch(`${served.url}/sandbox/state`)).json();
    clientID = apiKey.clientID;
    const [, jwk] = /^secret-token:conductorone\.com:v1:(.+)$/.exec(apiKey.clientSecret);
    key = createPrivateKey({ key: JSON.parse(Buffer.from(jwk, "base64url")), format: "jwk" });
  });
  after(() => served?.stop());

  const now = () => Math.floor(Date.now() / 1000);
  function assertion(change = {}, signer = key, header = { alg: "EdDSA", nonce: randomBytes(16).toString("hex") }) {
    const claims = {
      iss: clientID,
      sub: clientID,
      aud: ["sandbox.example"],
      iat: now(),
      nbf: now() - 120,
      exp: now() + 120,
      jti: randomBytes(16).toString("hex"),
      ...change,
    };
    const input = `${encode(header)}.${encode(claims)}`;
    return `${input}.${sign(null, Buffer.from(input), signer).toString("base64url")}`;
  }
  async function ask(jwt, change = {}) {
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientID,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: jwt,
      ...change,
    });
    const answer = await fetch(`${served.url}/sandbox/auth/v1/token`, { method: "POST", body });
    return { status: answer.status, ...(await answer.json()) };
  }
  const revoke = (token) =>
    fetch(`${served.url}/sandbox/api/v1/apps/app-aws/connectors/con-aws-root/credentials/cred-break-glass`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });

  it("gives a token that revokes, for a good assertion", async () => {
    const { status, access_token, token_type, expires_in } = await ask(assertion());
    assert.deepEqual({ status, token_type, expires_in }, { status: 200, token_type: "Bearer", expires_in: 600 });
    assert.equal((await revoke(access_token)).status, 200);
    assert.equal((await revoke(`${access_token}x`)).status, 401);
  });

  it("takes an assertion once", async () => {
    const jwt = assertion();
    assert.equal((await ask(jwt)).status, 200);
    const again = await ask(jwt);
    assert.equal(again.status, 401);
    assert.equal(again.error, "invalid_client");
    assert.match(again.error_description, /used before/);
  });

  for (const [what, jwt, description] of [
    ["another key's signature", () => assertion({}, generateKeyPairSync("ed25519").privateKey), /not signed/],
    ["claims changed after signing", () => assertion().replace(/\.[^.]+\./, `.${encode({ iss: clientID })}.`), /not signed/],
    ["another algorithm", () => assertion({}, key, { alg: "none" }), /not signed/],
    ["an assertion that has expired", () => assertion({ exp: now() - 1 }), /expired/],
    ["one that never expires", () => assertion({ exp: undefined }), /expired/],
    ["one that is good for too long", () => assertion({ exp: now() + 600 }), /too long/],
    ["one that is not good yet", () => assertion({ nbf: now() + 60 }), /not good yet/],
    ["another audience", () => assertion({ aud: ["evil.example"] }), /audience/],
    ["another issuer", () => assertion({ iss: "someone@else.example/x" }), /iss and sub/],
    ["no jti", () => assertion({ jti: undefined }), /jti/],
    ["no JWT at all", () => "x", /not signed/],
  ]) {
    it(`refuses ${what}`, async () => {
      const { status, error, error_description } = await ask(jwt());
      assert.deepEqual({ status, error }, { status: 401, error: "invalid_client" });
      assert.match(error_description, description);
    });
  }

  it("refuses another client and another grant", async () => {
    assert.match((await ask(assertion(), { client_id: "a@b.example/c" })).error_description, /unknown client/);
    assert.equal((await ask(assertion(), { grant_type: "password" })).error, "unsupported_grant_type");
  });
});
