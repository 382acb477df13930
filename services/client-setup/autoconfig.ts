// Thunderbird's autoconfig, which K-9 Mail, Evolution, KMail and others read too: `config-v1.1.xml` (draft-ietf-mailmaint-autoconfig, and
// Mozilla's pages before it). The login stands there as a placeholder that the program fills in: the answer is the same for everybody.

import {
  type ClientSetupSettings,
  type MailService,
  offeredServices,
} from '#shared/administration/client-setup/offered.ts'
import { element, escapeXml } from './xml.ts'

const LOGIN = '%EMAILADDRESS%'
const socketTypes = { tls: 'SSL', starttls: 'STARTTLS' } as const

export function autoconfigDocument(domain: string, settings: ClientSetupSettings): string {
  const { clientSetupName, clientSetupDocumentation, oidcIssuer, oidcScopes } = settings
  const name = clientSetupName || domain
  const hasIssuer = oidcIssuer !== ''
  const services = offeredServices(settings)
  const incoming = services.filter(({ protocol }) => protocol !== 'smtp')
  const outgoing = services.filter(({ protocol }) => protocol === 'smtp')
  const server = (kind: 'incoming' | 'outgoing', service: MailService) => [
    `    <${kind}Server type="${service.protocol}">`,
    `      ${element('hostname', service.host)}`,
    `      ${element('port', service.port)}`,
    `      ${element('socketType', socketTypes[service.security])}`,
    `      ${element('username', LOGIN)}`,
    `      ${element('authentication', 'password-cleartext')}`,
    // A program that does not know the issuer passes on to what it knows.
    ...(hasIssuer ? [`      ${element('authentication', 'OAuth2')}`] : []),
    `    </${kind}Server>`,
  ]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<clientConfig version="1.1">',
    `  <emailProvider id="${escapeXml(domain)}">`,
    `    ${element('domain', domain)}`,
    `    ${element('displayName', name)}`,
    `    ${element('displayShortName', name)}`,
    ...incoming.flatMap((service) => server('incoming', service)),
    ...outgoing.flatMap((service) => server('outgoing', service)),
    ...(clientSetupDocumentation === ''
      ? []
      : [
          `    <documentation url="${escapeXml(clientSetupDocumentation)}">`,
          `      ${element('descr', name, 'lang="en"')}`,
          '    </documentation>',
        ]),
    '  </emailProvider>',
    ...(hasIssuer
      ? [
          '  <oAuth2>',
          `    ${element('issuer', oidcIssuer)}`,
          `    ${element('scope', oidcScopes.join(' '))}`,
          '  </oAuth2>',
        ]
      : []),
    '</clientConfig>',
    '',
  ].join('\n')
}
