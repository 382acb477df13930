// What entries of services/aws read besides what each of them needs for itself.

import { nextHop } from '#shared/runtime/settings/address-kinds.ts'
import { variableOf } from '#shared/runtime/settings/load.ts'
import type { Deployment } from './configuration.ts'

/** The namespace of the system's own metrics. */
export function metricsNamespace({ name }: Deployment): string {
  return `Postwolke/${name}`
}

/** The operator's mail settings, and those that follow from the deployment. */
export function mailVariables({ hostname, relayhost, mail }: Deployment): {
  readonly [variable: string]: string
} {
  return {
    ...mail,
    [variableOf('hostname')]: hostname,
    [variableOf('relayhost')]: nextHop.format(relayhost),
  }
}
