// Which IAM actions on which resources a request to AWS needs, after the Service Authorization Reference. Pure; a request
// that is not known here throws `UnknownRequest`, for what is not understood must not pass.

import type { AccessRequest } from './iam.ts'
import { acmAccesses } from './requests/acm.ts'
import { dynamodbAccesses } from './requests/dynamodb.ts'
import { lambdaAccesses } from './requests/lambda.ts'
import { route53Accesses } from './requests/route-53.ts'
import { s3Accesses } from './requests/s3.ts'
import { secretsManagerAccesses } from './requests/secrets-manager.ts'
import { sesAccesses } from './requests/ses.ts'
import { sqsAccesses } from './requests/sqs.ts'
import { type Place, UnknownRequest, type WireRequest } from './wire-request.ts'

const services: ReadonlyMap<
  string,
  (request: WireRequest, place: Place) => readonly AccessRequest[]
> = new Map([
  ['acm', acmAccesses],
  ['dynamodb', dynamodbAccesses],
  ['lambda', lambdaAccesses],
  ['route53', route53Accesses],
  ['s3', s3Accesses],
  ['secretsmanager', secretsManagerAccesses],
  ['ses', sesAccesses],
  ['sqs', sqsAccesses],
])

/** All of them must be allowed. Never empty. */
export function accessesOf(request: WireRequest, place: Place): readonly AccessRequest[] {
  const service = services.get(request.service)
  if (service === undefined) throw new UnknownRequest(request)
  const accesses = service(request, place)
  if (accesses.length === 0) throw new UnknownRequest(request)
  return accesses.map((access) => ({
    ...access,
    context: { ...globalContext(place), ...access.context },
  }))
}

/** Deliberately: loopback HTTP counts as a secure transport, as AWS is always spoken to by HTTPS. */
function globalContext({ region, accountId }: Place): AccessRequest['context'] {
  return {
    'aws:PrincipalAccount': accountId,
    'aws:RequestedRegion': region,
    'aws:ResourceAccount': accountId,
    'aws:SecureTransport': 'true',
  }
}
