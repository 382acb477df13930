// The document of the API (OpenAPI 3.1), made of the table of operations: what validates is what is told.

import { OpenAPIHono, z } from '@hono/zod-openapi'
import { rights } from '#shared/administration/rights/rights.ts'
import type { Operation } from './operation.ts'
import { problemSchema } from './schemas.ts'

export function describeApi(
  operations: readonly Operation[],
  { base, version }: { readonly base: string; readonly version: string },
): object {
  const app = new OpenAPIHono()
  const registry = app.openAPIRegistry
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-postwolke',
  })
  for (const operation of operations) {
    const { id, method, path, summary, input, access, produces, accepts } = operation
    const right = access.kind === 'right' ? access.right : undefined
    const { onlyAsks, recordsItself } = operation
    const changes = method !== 'get' && onlyAsks !== true && recordsItself !== true
    registry.registerPath({
      method,
      path: `${base}${path}`,
      operationId: id,
      summary,
      tags: [id.split('.')[0] ?? id],
      security: right === undefined ? [] : [{ token: [] }, { session: [] }],
      ...(right !== undefined && {
        'x-right': right,
        ...(right !== 'signed-in' &&
          'stepUp' in rights[right] && { 'x-step-up': rights[right].stepUp }),
      }),
      request: {
        ...objectOf('params', input.params),
        query: queryOf(input.query, changes),
        ...headersOf(operation, changes),
        ...(input.body && {
          body: {
            required: !input.body.safeParse({}).success,
            content: { 'application/json': { schema: input.body } },
          },
        }),
        ...(accepts !== undefined && {
          body: { required: true, content: { [accepts]: { schema: z.string() } } },
        }),
      },
      responses: {
        [successOf(operation)]:
          operation.output === 'nothing'
            ? { description: 'Done.' }
            : {
                description: 'Done.',
                content: { [produces ?? 'application/json']: { schema: operation.output } },
              },
        default: {
          description: 'What went wrong.',
          content: { 'application/problem+json': { schema: problemSchema } },
        },
      },
    })
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Postwolke',
      version,
      description: 'Administration of a mail system. Errors are problem documents (RFC 9457).',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/' }],
  })
}

const successOf = ({ status, output }: Operation) => status ?? (output === 'nothing' ? 204 : 200)

const objectOf = (name: 'params', schema: z.ZodType | undefined) =>
  schema instanceof z.ZodObject ? { [name]: schema } : {}

const dryRun = z.object({
  dryRun: z.enum(['true', 'false']).optional().openapi({
    description: 'true: the same checks, what would change, and nothing changed.',
  }),
})

function queryOf(schema: z.ZodType | undefined, changes: boolean): z.ZodObject {
  const own = schema instanceof z.ZodObject ? schema : z.object({})
  return changes ? own.extend(dryRun.shape) : own
}

function headersOf({ method, current }: Operation, changes: boolean) {
  const headers = {
    ...(current !== undefined &&
      changes && {
        'If-Match': z.string().openapi({ description: 'The ETag of a GET, or *.' }),
      }),
    ...(method === 'post' &&
      changes && {
        'Idempotency-Key': z.string().min(1).max(255).optional().openapi({
          description: 'The same key with the same body gives the same answer for 24 hours.',
        }),
      }),
  }
  return Object.keys(headers).length === 0 ? {} : { headers: z.object(headers) }
}
