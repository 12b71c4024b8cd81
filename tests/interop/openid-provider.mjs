// A real OpenID Connect provider on this machine, with its own pages: whoever names an account there has it.
//
// Asked with one argument, JSON: port, client_id, client_secret, redirect_uri, and claims by account.

import Provider from "oidc-provider";

const asked = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${asked.port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: asked.client_id,
      client_secret: asked.client_secret,
      redirect_uris: [asked.redirect_uri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["of this test alone"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, ...(asked.claims[id] ?? {}) }),
  }),
});

provider.listen(asked.port, "127.0.0.1", () => console.log("ready"));
