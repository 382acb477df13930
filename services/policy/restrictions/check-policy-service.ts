// What a policy server says, or one within. A server that does not answer is its default action, and a warning in the log.

import { parsePolicyService } from '#shared/settings/restrictions/policy-service.ts'
import { createDecideResult } from '../access/result.ts'
import { delegationRequest } from '../delegation/request.ts'
import type { AskOptions } from '../delegation/servers.ts'
import type { Known } from '../known.ts'
import { subjectOf } from '../reply-form.ts'
import { type Decision, dunno } from '../restriction.ts'
import { type Decide, defineWord, type WordDeps } from '../word.ts'

export const check_policy_service = defineWord('check_policy_service', (argument, deps) => {
  const service = parsePolicyService(argument)
  return service.kind === 'within' ? askWithin(service.name, deps) : askServer(argument, deps)
})

function askWithin(name: string, { services }: WordDeps): Decide {
  const service = services.get(name)
  if (service === undefined) throw new Error(`there is no policy service ${name}`)
  return async (known) => all(name, await service.decide(known))
}

/** One after the other, as a list says them. */
function all(name: string, decisions: readonly Decision[]): Decision {
  const [only, ...more] = decisions
  if (only === undefined) return dunno
  if (more.length === 0) return only
  const restrictions = decisions.map((decision) => ({ name, decide: () => decision }))
  return { kind: 'list', restrictions }
}

function askServer(argument: string, deps: WordDeps): Decide {
  const service = parsePolicyService(argument)
  if (service.kind !== 'server') throw new Error(`${argument} is no server`)
  const { settings, log } = deps
  const decideResult = createDecideResult(deps)
  const options = {
    timeout: settings.smtpdPolicyServiceTimeout,
    maxIdle: settings.smtpdPolicyServiceMaxIdle,
    maxTtl: settings.smtpdPolicyServiceMaxTtl,
    requestLimit: settings.smtpdPolicyServiceRequestLimit,
    tryLimit: settings.smtpdPolicyServiceTryLimit,
    retryDelay: settings.smtpdPolicyServiceRetryDelay,
    defaultAction: settings.smtpdPolicyServiceDefaultAction,
    policyContext: settings.smtpdPolicyServicePolicyContext,
    ...service.overrides,
  } satisfies AskOptions & { readonly [name: string]: unknown }
  const from = `check_policy_service ${argument}`
  const server = deps.policyServers.at(service.endpoint)
  return async (known) => {
    const request = await delegationRequest(known, options.policyContext)
    const result = await actionOf(request, known)
    return decideResult(known, { result, from, subject: subjectOf(known) })
  }

  async function actionOf(request: string, { queueId }: Known): Promise<string> {
    try {
      return await server.ask(request, options)
    } catch (error) {
      log.warn({ queueId, server: argument, error }, 'policy server does not answer')
      return options.defaultAction
    }
  }
}
