// Which protocols are served where. High ports by default, so that no privileges are needed.

import { listenAddresses, networkList } from '../address-kinds.ts'
import { boolean, port } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

function listener(what: string, defaultPort: number, standardPort: number) {
  return {
    enabled: new Setting(boolean, {
      default: true,
      about: `Whether ${what} is served.`,
      known: { postfix: 'a line in master.cf', dovecot: 'protocols' },
    }),
    address: new Setting(listenAddresses, {
      default: [''],
      derived: '$inetInterfaces',
      about: `The addresses that listen for ${what}.`,
      known: { postfix: 'inet_interfaces', dovecot: 'listen' },
    }),
    port: new Setting(port, {
      default: defaultPort,
      about: `The port for ${what}; the world expects ${standardPort}.`,
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
    imap: listener('IMAP with STARTTLS', 1143, 143),
    imaps: listener('IMAP over TLS', 1993, 993),
    pop3: listener('POP3 with STLS', 1110, 110),
    pop3s: listener('POP3 over TLS', 1995, 995),
  },
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
