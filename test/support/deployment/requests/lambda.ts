// Invoking functions. The name may be an ARN, with or without a version or alias.

import type { AccessRequest } from '../iam.ts'
import { type Place, UnknownRequest, type WireRequest } from '../wire-request.ts'

const invocationPath = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/

export function lambdaAccesses(request: WireRequest, place: Place): readonly AccessRequest[] {
  const resource = functionArn(invokedFunction(request), place)
  return [{ action: 'lambda:InvokeFunction', resource, context: {} }]
}

/** The function's name without account and qualifier. */
export function invokedFunctionName(request: WireRequest): string {
  const function_ = invokedFunction(request)
  const local = function_.startsWith('arn:') ? (function_.split(':')[6] ?? '') : function_
  return local.split(':')[0] ?? local
}

function invokedFunction(request: WireRequest): string {
  const [, encoded] = invocationPath.exec(request.path) ?? []
  if (request.method !== 'POST' || encoded === undefined) throw new UnknownRequest(request)
  const qualifier = request.query.get('Qualifier')
  const name = decodeURIComponent(encoded)
  return qualifier === null ? name : `${name}:${qualifier}`
}

function functionArn(name: string, { region, accountId }: Place): string {
  return name.startsWith('arn:') ? name : `arn:aws:lambda:${region}:${accountId}:function:${name}`
}
