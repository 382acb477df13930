// What the roles of a deployment may do, and what of it nothing that was done needed: either a scenario is missing, or the
// permission. Said in words that are the same for every deployment of the same templates.

import { allowanceKey, allowances } from './iam.ts'
import type { Deployment } from './running-deployment.ts'

/** `role: action on resource`, sorted. */
export function allAllowances(deployment: Deployment): readonly string[] {
  return plain(everyAllowance(deployment), deployment)
}

export function unusedAllowances(deployment: Deployment): readonly string[] {
  const used = new Set(
    deployment.gateway
      .calls()
      .flatMap(({ principal, by }) => (by ? [`${principal}: ${allowanceKey(by)}`] : [])),
  )
  return plain(
    everyAllowance(deployment).filter((line) => !used.has(line)),
    deployment,
  )
}

function everyAllowance({ inventory }: Deployment): readonly string[] {
  return inventory.roles.flatMap(({ name, policies }) =>
    policies.flatMap(allowances).map((allowance) => `${name}: ${allowanceKey(allowance)}`),
  )
}

/** Without what is made up anew for each deployment, and without the hashes that CDK puts behind names. */
function plain(lines: readonly string[], { suffix }: Deployment): readonly string[] {
  const madeUp = new RegExp(`-${suffix}(?:-[A-Za-z0-9]{6})?`, 'g')
  const words = lines.map((line) =>
    line.replaceAll(madeUp, '').replaceAll(/(?<=[a-z])[0-9A-Fa-f]{8}(?![0-9A-Za-z])/g, ''),
  )
  return [...new Set(words)].sort()
}
