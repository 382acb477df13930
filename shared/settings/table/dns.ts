// Name servers, and how long answers of theirs are waited for and kept.

import { nameServers, networkList } from '../address-kinds.ts'
import { bytes, duration, integer } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const KILOBYTE = 1024
const MEGABYTE = 1024 * KILOBYTE
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

export const dnsSettings = {
  dnsServers: new Setting(nameServers, {
    reload: true,
    default: [],
    about:
      "Who is asked, policy's questions and delivery's; nothing means the name servers of the machine. Lists of addresses do not answer name servers that are open to everybody: a resolver of one's own is best.",
  }),
  dnsTimeout: new Setting(duration({ min: 100, max: 1 * MINUTE }), {
    reload: true,
    default: 5 * SECOND,
    about: 'How long one name server may take before the question is put again.',
  }),
  dnsTries: new Setting(integer({ min: 1, max: 10 }), {
    reload: true,
    default: 3,
    about: 'How often each name server is asked before the question has failed for now.',
  }),
  policyDnsTimeLimit: new Setting(duration({ min: 100, max: 5 * MINUTE }), {
    reload: true,
    // The function `policy` has 10 seconds for a question.
    default: 8 * SECOND,
    about:
      'How long a client waits for DNS before RCPT, or the end of its message, is answered: all look-ups together; as long again for what the author of a message wants of it (DMARC). What is not known by then counts as a failure of DNS.',
  }),
  dnsCacheEntries: new Setting(integer({ min: 1, max: 10_000_000 }), {
    reload: true,
    default: 20_000,
    about: "Answers that are kept for policy's next questions, in each process.",
  }),
  dnsCacheSize: new Setting(bytes({ min: 64 * KILOBYTE, max: 4096 * MEGABYTE }), {
    reload: true,
    default: 16 * MEGABYTE,
    about: 'What they may take of the memory of each process.',
  }),
  dnsCachePositiveLife: new Setting(duration({ min: 0, max: 24 * HOUR }), {
    reload: true,
    default: 5 * MINUTE,
    about: 'How long what was found is kept; addresses no longer than their name server says.',
  }),
  dnsCacheNegativeLife: new Setting(duration({ min: 0, max: 3 * HOUR }), {
    reload: true,
    default: 1 * MINUTE,
    about: 'How long is kept that there is no such name or record.',
  }),
  dnsCacheFailureLife: new Setting(duration({ min: 0, max: 5 * MINUTE }), {
    reload: true,
    default: 5 * SECOND,
    about: 'How long a question that failed is not put again.',
  }),
  permitMxBackupNetworks: new Setting(networkList, {
    reload: true,
    default: [],
    about:
      'Where the primary mail hosts of a domain must be for `permit_mx_backup` to take its mail; nothing means anywhere, and then whoever writes the DNS of a domain can have its mail relayed by us.',
    known: { postfix: 'permit_mx_backup_networks' },
  }),
} satisfies SettingGroup
