// What entries of services/aws read besides what each of them needs for itself.

import type { CommonVariables } from '#services/aws/environment.ts'
import { nextHop } from '#shared/settings/address-kinds.ts'
import { variableOf } from '#shared/settings/load.ts'
import type { Deployment } from './configuration.ts'

/** The namespace of the system's own metrics. */
export function metricsNamespace({ name }: Deployment): string {
  return `Postwolke/${name}`
}

/** The operator's mail settings, and those that follow from the deployment. */
export function settingVariables(deployment: Deployment): { readonly [variable: string]: string } {
  return {
    ...consoleVariables(deployment),
    ...deployment.mail,
    [variableOf('hostname')]: deployment.hostname,
    [variableOf('relayhost')]: nextHop.format(deployment.relayhost),
    ...(deployment.egress === 'direct' && { [variableOf('smtpHeloName')]: deployment.senderName }),
    ...(deployment.egress === 'ses-api' && { [variableOf('defaultTransport')]: 'ses' }),
  }
}

function consoleVariables({ apiDomain }: Deployment): { readonly [variable: string]: string } {
  if (apiDomain === '') return {}
  return {
    // A browser uses a passkey only at the name that it was made for, and below.
    [variableOf('passkeyDomain')]: apiDomain,
    // Where links of letters and profiles lead; at `hostname` is the load balancer, which knows no HTTP.
    [variableOf('clientSetupSite')]: apiDomain,
  }
}

/** Settings, and where metrics go. */
export function entryVariables(
  deployment: Deployment,
): CommonVariables & { readonly [variable: string]: string } {
  return { ...settingVariables(deployment), METRICS_NAMESPACE: metricsNamespace(deployment) }
}
