// Which protocols are served where. High ports by default, so that no privileges are needed.

import { listenAddresses, networkList } from '../address-kinds.ts'
import { boolean, port } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

function listener(
  what: string,
  defaultPort: number,
  standardPort: number | null,
  { enabled = true, address = '' } = {},
) {
  const expected = standardPort === null ? '' : `; the world expects ${standardPort}`
  return {
    enabled: new Setting(boolean, {
      default: enabled,
      about: `Whether ${what} is served.`,
      known: { postfix: 'a line in master.cf', dovecot: 'protocols' },
    }),
    address: new Setting(listenAddresses, {
      ...(address === '' ? { default: [''], derived: '$inetInterfaces' } : { default: [address] }),
      about: `The addresses that listen for ${what}.`,
      known: { postfix: 'inet_interfaces', dovecot: 'listen' },
    }),
    port: new Setting(port, {
      default: defaultPort,
      about: `The port for ${what}${expected}.`,
      known: { postfix: 'a line in master.cf', dovecot: 'inet_listener' },
    }),
  }
}

export const listenerSettings = {
  inetInterfaces: new Setting(listenAddresses, {
    default: [''],
    about: 'The addresses that listen, for every listener that has none of its own.',
    known: { postfix: 'inet_interfaces', dovecot: 'listen' },
  }),
  listeners: {
    smtp: listener('SMTP from other mail servers', 2525, 25),
    submission: listener('mail submission with STARTTLS', 2587, 587),
    submissions: listener('mail submission over TLS', 2465, 465),
    lmtp: listener('LMTP from filters and other software of yours (RFC 2033)', 2424, null, {
      enabled: false,
      address: '127.0.0.1',
    }),
    reinjection: listener(
      'SMTP from a content filter, whose messages are neither judged nor filtered again',
      10025,
      null,
      { enabled: false, address: '127.0.0.1' },
    ),
    imap: listener('IMAP with STARTTLS', 1143, 143),
    imaps: listener('IMAP over TLS', 1993, 993),
    pop3: listener('POP3 with STLS', 1110, 110),
    pop3s: listener('POP3 over TLS', 1995, 995),
    managesieve: listener('ManageSieve with STARTTLS', 4190, 4190),
    http: listener(
      'HTTP without TLS, which sends all that is not public on to https unless it comes from this machine',
      8080,
      80,
      { address: '127.0.0.1' },
    ),
    https: listener('the console, the API and the policy of MTA-STS over TLS', 8443, 443, {
      address: '127.0.0.1',
    }),
  },
  httpTrustedProxies: new Setting(networkList, {
    default: [],
    about:
      'Reverse proxies in front of `listeners.http` and `listeners.https` whose X-Forwarded-For and X-Forwarded-Proto are believed. One that ends TLS itself and speaks HTTP with us has to be among them. Whoever connects from here can claim any address.',
  }),
  lmtpTrustedNetworks: new Setting(networkList, {
    default: ['127.0.0.0/8', '::1/128'],
    about:
      'Clients that may deliver by LMTP, besides `mynetworks`; all others are turned away. They need no login, and nothing they send leaves this system unless an alias leads out.',
  }),
  reinjectionTrustedNetworks: new Setting(networkList, {
    default: ['127.0.0.0/8', '::1/128'],
    about:
      'Clients of `listeners.reinjection`; all others are turned away. They may send anything to anybody.',
  }),
  proxyTrustedNetworks: new Setting(networkList, {
    default: [],
    about:
      'Proxies and load balancers that speak the PROXY protocol, version 2. Connections from these networks, on every listener, must begin with its header and are served with the client address it names; all others are served directly. Whoever connects from here can claim any address.',
    known: {
      postfix: 'smtpd_upstream_proxy_protocol',
      dovecot: 'haproxy_trusted_networks',
    },
  }),
} satisfies SettingGroup
