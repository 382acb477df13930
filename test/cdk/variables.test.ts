// What entries are told of the deployment: exactly what they read, and each name is the name of that thing.

import { expect, it } from 'vitest'
import { commonVariables, environments } from '#services/aws/environment.ts'
import { HEALTH_PORT, listenerTable } from '../../cdk/listeners.ts'
import { version } from '../../cdk/version.ts'
import { containersOf, functionsOf } from './entries.ts'
import { readable } from './readable.ts'
import { syntheses } from './syntheses.ts'
import type { Synthesis } from './synthesis.ts'

function meaning({ deployment }: Synthesis): { readonly [variable: string]: string } {
  const { name, preset, certificate, hostedZone } = deployment
  const isAcme = certificate === 'acme'
  return {
    METRICS_NAMESPACE: `Postwolke/${name}`,
    AWS_REGION: 'AWS::Region',
    DIRECTORY_TABLE: 'StorageDirectory',
    MAIL_TABLE: 'StorageMail',
    QUEUE_TABLE: 'StorageQueue',
    COUNTERS_TABLE: 'StorageCounters',
    OBJECTS_BUCKET: 'StorageObjects',
    INCOMING_QUEUE_URL: 'Queuesincoming',
    ACTIVE_QUEUE_URL: 'Queuesactive',
    DEFERRED_QUEUE_URL: 'Queuesdeferred',
    INCOMING_DEAD_QUEUE_URL: 'Queuesincomingdead',
    ACTIVE_DEAD_QUEUE_URL: 'Queuesactivedead',
    WATCH_QUEUE_PREFIX: `pw-watch-${name}_`,
    POLICY_FUNCTION: 'policyFunction',
    JOBS_FUNCTION: 'jobsFunction',
    VERSION: version,
    TLS_SECRET: 'StorageTls',
    HEALTH_PORT: String(HEALTH_PORT),
    DRAIN_SECONDS: String(preset.drainSeconds),
    MEMORY_MIB: String(preset.taskMemoryMiB),
    RELAY_SECRET: deployment.relaySecretArn,
    SES_SENDERS: { hobby: '4', standard: '', scale: '' }[preset.name],
    WEBHOOK_SECRET: deployment.webhookSecretArn,
    OIDC_CLIENT_SECRET: deployment.oidcClientSecretArn,
    IDLE_USD_PER_MONTH: '12.34',
    PROBE_SECRET: deployment.probeSecretArn,
    PROBE_SUBMISSIONS_PORT: String(listenerTable.submissions.port),
    PROBE_IMAPS_PORT: String(listenerTable.imaps.port),
    CERTIFICATE_SOURCE: certificate,
    CERTIFICATE_ARN: certificate === 'acm' ? 'StorageCertificate' : '',
    ACME_DIRECTORY_URL: isAcme ? deployment.acmeDirectoryUrl : '',
    ACME_CONTACT: isAcme ? deployment.acmeContact : '',
    ACME_ACCOUNT_SECRET: isAcme ? 'StorageAcmeAccount' : '',
    HOSTED_ZONE_ID: isAcme ? (hostedZone?.id ?? '') : '',
  }
}

const isSetting = (variable: string) => variable.startsWith('POSTWOLKE_')

it.each(syntheses)('entries of %s are told exactly what they read', (_name, synthesis) => {
  for (const { name, variables } of functionsOf(synthesis)) {
    const own = Object.keys(variables).filter((variable) => !isSetting(variable))
    expect(own.sort(), name).toEqual([...environments[name], ...commonVariables].sort())
  }
  // Lambda sets the region by itself.
  for (const { name, variables } of containersOf(synthesis)) {
    const own = Object.keys(variables).filter((variable) => !isSetting(variable))
    const wanted = [...environments[name], ...commonVariables, 'AWS_REGION']
    expect(own.sort(), name).toEqual(wanted.sort())
  }
})

it.each(syntheses)('entries of %s find by each name what it says', (_name, synthesis) => {
  const means = meaning(synthesis)
  for (const { name, variables } of [...functionsOf(synthesis), ...containersOf(synthesis)]) {
    for (const [variable, value] of Object.entries(variables)) {
      if (isSetting(variable)) continue
      expect(readable(value, synthesis), `${name} ${variable}`).toBe(means[variable])
    }
  }
})

it.each(syntheses)('entries of %s have the mail settings of the deployment', (_name, synthesis) => {
  const { mail, hostname, egress } = synthesis.deployment
  for (const { variables } of [...functionsOf(synthesis), ...containersOf(synthesis)]) {
    expect(variables).toMatchObject({
      ...mail,
      POSTWOLKE_HOSTNAME: hostname,
      ...(egress === 'ses-api'
        ? { POSTWOLKE_DEFAULT_TRANSPORT: 'ses' }
        : { POSTWOLKE_RELAYHOST: expect.stringMatching(/^\[\S+\]:\d+$/) }),
    })
  }
})

it.each(syntheses)('entries of %s lead to the console by its own name', (_name, synthesis) => {
  const { apiDomain } = synthesis.deployment
  const own = apiDomain === '' ? undefined : apiDomain
  for (const { name, variables } of [...functionsOf(synthesis), ...containersOf(synthesis)]) {
    const { POSTWOLKE_CLIENT_SETUP_SITE: site, POSTWOLKE_PASSKEY_DOMAIN: passkeys } = variables
    expect([site, passkeys], name).toEqual([own, own])
  }
})
