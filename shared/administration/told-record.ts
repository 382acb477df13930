// A recorded decision as it is told whole: of the account that logged in its name alone, which is all that anybody has to know.

import type { DecisionRecord } from '#shared/contracts/decisions.ts'

export function toldRecord(record: DecisionRecord): object {
  const { request } = record
  const { account } = request.origin
  const told = account === null ? null : { login: account.login }
  return { ...record, request: { ...request, origin: { ...request.origin, account: told } } }
}
