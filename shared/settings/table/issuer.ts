// Signing in elsewhere: an issuer of OpenID Connect, for the console and for mail programs; and where passkeys are good.

import { domain, domainList } from '../address-kinds.ts'
import { claimName, issuerUrl, roleOfClaims, scopes, texts } from '../issuer-kinds.ts'
import { filePath, text } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const issuerSettings = {
  oidcIssuer: new Setting(issuerUrl, {
    default: '',
    about:
      'Issuer of OpenID Connect with whom people sign in to the console, and whose tokens mail programs show in place of a password (OAUTHBEARER, XOAUTH2); as it calls itself, for example https://login.example.org/realms/mail. Empty: none. The password of an owner here goes on for the day that it is down.',
  }),
  oidcClientId: new Setting(text, {
    default: '',
    about: 'What the issuer calls this system.',
  }),
  oidcClientSecretFile: new Setting(filePath, {
    default: '',
    about:
      'File with the secret that the issuer gave this system, on its first line. Without one it is a public client: sign-in is bound by PKCE alone, and only tokens that are signed (JWT) are known.',
  }),
  oidcScopes: new Setting(scopes, {
    default: ['openid', 'email', 'profile'],
    about: 'What is asked of the issuer at a sign-in; mail programs are told the same.',
  }),
  oidcAudience: new Setting(texts, {
    default: [],
    defaultText: '`oidcClientId`',
    about:
      'For whom a token must be that a mail program shows (`aud`); one of them is enough. A token for somebody else is no login here. Where nothing is set, tokens that are signed (JWT) must call themselves access tokens (`typ` is `at+jwt`, RFC 9068), since ID tokens are for `oidcClientId` too; an issuer that does not write that needs an audience here.',
  }),
  oidcAccountClaim: new Setting(claimName, {
    default: 'email',
    about:
      'Claim with the address of the account. Of `email` only one that the issuer has verified (`email_verified`) counts; another claim must be one that nobody can write himself, such as `upn`.',
  }),
  oidcRolesClaim: new Setting(claimName, {
    default: '',
    about:
      'Claim with the groups or roles of who signs in, a list or words with blanks between. Empty: what somebody may do is given here alone.',
  }),
  oidcRoles: new Setting(roleOfClaims, {
    default: [],
    about:
      'Which of these is which role here, `mail-admins=owner helpdesk=help-desk`; the first that fits counts. Whoever signs in with none of them has no role any more; the last owner keeps his.',
  }),
  passkeyDomain: new Setting(domain, {
    default: '',
    defaultText: '`hostname`, as it is when the first passkey is made',
    about:
      'Domain that passkeys are made for; a browser uses them there and below it. Whoever changes it makes those that were made useless.',
  }),
  passkeyHosts: new Setting(domainList, {
    default: [],
    about:
      'Hosts whose pages may ask for a passkey, besides `hostname` and `passkeyDomain`: other names of the console.',
  }),
} satisfies SettingGroup
