// Who this mail system is and whom it serves.

import { hostname as machineName } from 'node:os'
import {
  domain,
  domainList,
  hostName,
  localParts,
  mailAddress,
  networkList,
} from '../address-kinds.ts'
import { boolean, bytes, duration, integer, text } from '../kinds.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MEGABYTE = 1024 ** 2
const GIGABYTE = 1024 ** 3
const TERABYTE = 1024 ** 4

const delimiter: Kind<string> = {
  ...text,
  name: 'characters',
  allowed: 'up to four of + - _ = # ! ., or nothing (no address extensions)',
  parse: (value) => (/^[-+_=#!.]{0,4}$/.test(value) ? value : undefined),
}

/** As Postfix does: a machine that only knows its short name gets a domain that cannot be anybody else's. */
function defaultHostName(): string {
  const name = machineName()
  return hostName.parse(name) ?? hostName.parse(`${name}.localdomain`) ?? 'localhost.localdomain'
}

export const generalSettings = {
  hostname: new Setting(hostName, {
    default: defaultHostName(),
    defaultText: "the machine's name (with `.localdomain` when it has no domain)",
    about: 'The name this system greets with and writes into Received fields.',
    known: { postfix: 'myhostname', dovecot: 'hostname' },
  }),
  defaultDomain: new Setting(domain, {
    default: '',
    about: 'Domain added to logins that have none; without it such logins are refused.',
    known: { postfix: 'mydomain', dovecot: 'auth_default_domain' },
  }),
  myorigin: new Setting(domain, {
    default: '',
    defaultText: '`defaultDomain`, or `hostname` without one',
    about:
      'Domain added to envelope addresses that have none, of clients that log in, of LMTP clients and of `mynetworks`.',
    known: { postfix: 'myorigin' },
  }),
  appendDotMydomain: new Setting(boolean, {
    default: false,
    about:
      'Whether the domain of such an envelope address is completed when it has no dot: `bob@host` becomes bob@host.example.net, with `defaultDomain` or what follows the first dot of `hostname`. Otherwise who logged in is told with 554 that it is no full domain.',
    known: { postfix: 'append_dot_mydomain' },
  }),
  mydestination: new Setting(domainList, {
    default: ['localhost'],
    about:
      'Names of this host, besides `hostname` and localhost in its domain, under which users of `defaultDomain` (or of the domain of `hostname`) can be reached as well. A domain of the directory needs no place here.',
    known: { postfix: 'mydestination' },
  }),
  proxyInterfaces: new Setting(networkList, {
    default: [],
    about:
      'Addresses under which clients reach this host through a proxy, a load balancer or an address translation. <user@[address]> is local for these and for the address that a client connected to.',
    known: { postfix: 'proxy_interfaces' },
  }),
  postmasterAddress: new Setting(mailAddress, {
    default: '',
    defaultText: 'postmaster of `defaultDomain`, or the first account that was ever made',
    about:
      'Who gets mail for postmaster, in every domain here that has no such account, alias or catch-all, and without a domain (RFC 5321 §4.5.1).',
    known: { postfix: 'postmaster in /etc/aliases', dovecot: 'postmaster_address' },
  }),
  postmasterAliases: new Setting(localParts, {
    default: ['abuse'],
    about:
      'Names besides postmaster that lead to it in every domain where nobody has them (RFC 2142), such as abuse, hostmaster, security, webmaster.',
    known: { postfix: 'lines in /etc/aliases' },
  }),
  mynetworks: new Setting(networkList, {
    default: [],
    about:
      'Clients that may send mail to any destination without logging in. Empty by default, not even loopback: nobody relays unauthenticated unless this says so.',
    known: { postfix: 'mynetworks' },
  }),
  messageSizeLimit: new Setting(bytes({ min: 1, max: 1024 * MEGABYTE }), {
    default: 10 * MEGABYTE,
    about:
      'Largest message accepted, in bytes as transmitted (base64 adds a third to attachments).',
    known: { postfix: 'message_size_limit' },
  }),
  appendSizeLimit: new Setting(bytes({ min: 0, max: 1024 * MEGABYTE }), {
    default: 0,
    about:
      'Largest message that IMAP clients may append, announced as APPENDLIMIT; 0: as messageSizeLimit. What `import` brings has no such limit.',
  }),
  mailboxSizeLimit: new Setting(bytes({ min: 0, max: 1024 * TERABYTE }), {
    reload: true,
    default: 200 * MEGABYTE,
    about: 'Quota of accounts that have none of their own; 0 means no limit.',
    known: { postfix: 'mailbox_size_limit', dovecot: 'quota_rule' },
  }),
  mailboxMessageLimit: new Setting(integer({ min: 0, max: 1_000_000_000 }), {
    reload: true,
    default: 1_000_000,
    about: 'Messages an account may hold, all folders together; 0 for no limit.',
    known: { dovecot: 'quota_rule (messages)' },
  }),
  accountAppendLimitPerDay: new Setting(bytes({ min: 0, max: 1024 * TERABYTE }), {
    reload: true,
    default: 50 * GIGABYTE,
    about:
      'How much the IMAP clients of an account may append in a day (UTC), and never more than ten times its quota; 0 means no limit. What was appended and deleted again is out of the quota and stays on the disk for `collectorGraceTime`.',
  }),
  collectorGraceTime: new Setting(duration({ min: 1 * HOUR, max: 100 * DAY }), {
    reload: true,
    default: 7 * DAY,
    about:
      'How long the bytes of deleted messages stay on the disk, out of every quota: the time to undo a mistake. An hour is enough for what runs; while the disk is short of room, and for `postwolke storage collect --now`, it is an hour.',
  }),
  recipientDelimiter: new Setting(delimiter, {
    reload: true,
    default: '+',
    about:
      'Each of these characters separates user and extension in addresses: mail for user+folder goes to user.',
    known: { postfix: 'recipient_delimiter', dovecot: 'recipient_delimiter' },
  }),
  lmtpSaveToDetailMailbox: new Setting(boolean, {
    reload: true,
    default: false,
    about:
      'Whether mail for user+folder, or user+folder/below, goes into that folder when it exists, each name spelled as in the address, in lower or upper case, or with a capital.',
    known: { dovecot: 'lmtp_save_to_detail_mailbox' },
  }),
} satisfies SettingGroup
