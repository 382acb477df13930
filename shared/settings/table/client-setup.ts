// What mail programs are told, so that they set themselves up: over HTTPS and in the DNS.

import { domain } from '../address-kinds.ts'
import { contact, seenPorts } from '../client-setup-kinds.ts'
import { boolean, integer, text } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const clientSetupSettings = {
  clientSetup: new Setting(boolean, {
    default: true,
    about:
      'Whether mail programs are told how to set themselves up, for every domain: autoconfig, autodiscover, profiles for iPhones and Macs, by `listeners.https`; and the DNS records that lead there.',
  }),
  clientSetupHost: new Setting(domain, {
    default: '',
    derived: '$hostname',
    about:
      'The host that programs are sent to, as the world knows it: its certificate has to have this name.',
  }),
  clientSetupSite: new Setting(domain, {
    default: '',
    defaultText: '`clientSetupHost`',
    about:
      'The host at which the documents and the console are served, where it is another one: on AWS that of the HTTP API.',
  }),
  clientSetupPorts: new Setting(seenPorts, {
    default: [],
    defaultText: 'the ports that the listeners have; 993 of 1993 and so on',
    about:
      'Ports as the world sees them, where something in front of the listeners leads from another one to them: `imaps=993 submissions=465`.',
  }),
  clientSetupName: new Setting(text, {
    default: '',
    defaultText: 'the domain',
    about: 'What programs call this service, for example a company’s name.',
  }),
  clientSetupDocumentation: new Setting(contact, {
    default: '',
    about: 'Address of a page of yours that tells people how to set up their programs.',
  }),
  clientSetupRequestsPerMinute: new Setting(integer({ min: 0, max: 1_000_000 }), {
    default: 60,
    about:
      'Questions for set-up that one network (an IPv4 address or an IPv6 /64) may ask a minute; 0: no limit.',
  }),
  securityContact: new Setting(contact, {
    default: '',
    about:
      'Where people report that something here is not safe: what `/.well-known/security.txt` says (RFC 9116). Empty: there is no such file.',
  }),
} satisfies SettingGroup
