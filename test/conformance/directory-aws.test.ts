import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeDirectory } from './directory.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeDirectory('aws', () => openAws())
})
