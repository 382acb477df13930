// Error answers of the gateway in the wire formats of the services, so that the SDK makes of them what it makes of AWS's.

import type { WireRequest } from './wire-request.ts'

export type ErrorAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type ServiceError = {
  readonly status: number
  /** Without a service's own `Exception` at its end. */
  readonly code: string
  readonly message: string
}

type Format = (error: ServiceError) => ErrorAnswer

const formats: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['acm', (error) => json(error, '1.1')],
  ['dynamodb', (error) => json(error, '1.0', 'com.amazon.coral.service#')],
  ['lambda', restJson],
  ['route53', restXml],
  ['s3', s3],
  ['secretsmanager', (error) => json(error, '1.1')],
  ['sqs', sqs],
])

/** Services without a format of their own are answered like Lambda. */
export function errorAnswer(service: string, error: ServiceError): ErrorAnswer {
  return (formats.get(service) ?? restJson)(error)
}

/** What a service says to a principal without the permission. */
export function accessDenied(
  request: WireRequest,
  denied: { readonly principal: string; readonly action: string; readonly resource: string },
  explicit: boolean,
): ErrorAnswer {
  const { principal, action, resource } = denied
  const reason = explicit
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`
  const message = `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} ${reason}`
  const isXml = request.service === 's3' || request.service === 'route53'
  const isForbidden = isXml || request.service === 'sqs' || request.service === 'lambda'
  return errorAnswer(request.service, {
    status: isForbidden ? 403 : 400,
    code: 'AccessDenied',
    message,
  })
}

function json({ status, code, message }: ServiceError, version: string, prefix = ''): ErrorAnswer {
  return {
    status,
    headers: { 'content-type': `application/x-amz-json-${version}` },
    body: JSON.stringify({ __type: `${prefix}${code}Exception`, Message: message, message }),
  }
}

/** SQS keeps the error codes of its former protocol in a header, which the SDK prefers. */
function sqs(error: ServiceError): ErrorAnswer {
  const answer = json(error, '1.0', 'com.amazon.coral.service#')
  const fault = error.status < 500 ? 'Sender' : 'Receiver'
  const headers = { ...answer.headers, 'x-amzn-query-error': `${error.code};${fault}` }
  return { ...answer, headers }
}

function restJson({ status, code, message }: ServiceError): ErrorAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': `${code}Exception` },
    body: JSON.stringify({ Message: message, message }),
  }
}

function s3({ status, code, message }: ServiceError): ErrorAnswer {
  return xml(status, `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`)
}

function restXml({ status, code, message }: ServiceError): ErrorAnswer {
  const type = status < 500 ? 'Sender' : 'Receiver'
  return xml(
    status,
    `<ErrorResponse><Error><Type>${type}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error></ErrorResponse>`,
  )
}

function xml(status: number, element: string): ErrorAnswer {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${element}`,
  }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
