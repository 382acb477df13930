// policy: asked by the listeners whether a message may come in. Reads, counts, and freezes
// accounts that may be compromised.

import { Duration } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { SRS_PK } from '#shared/directory/records.ts'
import { SOURCES_PK } from '#shared/directory/sources.ts'
import { ownMetric } from '../metrics.ts'
import type { Parts } from '../parts.ts'
import {
  allow,
  countRates,
  freezeAccounts,
  keysLike,
  readSecret,
  readSettings,
  readStoreFormat,
  recordDecisions,
  sendFigures,
} from '../permissions.ts'
import { PostwolkeFunction } from '../postwolke-function.ts'

export class Policy extends PostwolkeFunction<'policy'> {
  constructor(scope: Construct, { deployment, bundles, storage }: Omit<Parts, 'queues'>) {
    const { directory, mail, counters } = storage.tables
    super(scope, 'policy', {
      deployment,
      bundles,
      timeout: Duration.seconds(10),
      environment: {
        DIRECTORY_TABLE: directory.tableName,
        MAIL_TABLE: mail.tableName,
        COUNTERS_TABLE: counters.tableName,
      },
      statements: [
        readStoreFormat(storage),
        readSettings(storage),
        sendFigures(storage),
        // Recipients, keys of large access tables, and the account of a sender who has logged in.
        allow(['dynamodb:BatchGetItem'], [directory.tableArn]),
        allow(['dynamodb:GetItem'], [directory.tableArn], keysLike('ACC#*')),
        // The version of an access table, and all of a small one.
        allow(['dynamodb:GetItem', 'dynamodb:Query'], [directory.tableArn], keysLike('ACCESS*')),
        // What verifies bounce addresses.
        allow(['dynamodb:GetItem'], [directory.tableArn], keysLike(SRS_PK)),
        recordDecisions(storage),
        // How full a mailbox is stands in one item; of one that an older version made, on its folders.
        allow(['dynamodb:GetItem', 'dynamodb:Query'], [mail.tableArn], keysLike('A#*')),
        // How much an account has sent today; counted here where the authors of a message have to be looked up.
        allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [counters.tableArn], keysLike('SENT#*')),
        countRates(storage),
        freezeAccounts(storage),
        // Who has come again, of those that are greylisted.
        allow(
          ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
          [counters.tableArn],
          keysLike('GREY#*'),
        ),
        // Old servers, and what they said of addresses.
        allow(['dynamodb:GetItem'], [directory.tableArn], keysLike(SOURCES_PK)),
        allow(
          ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
          [counters.tableArn],
          keysLike('VERIFY#*'),
        ),
        // From where somebody logged in, where a restriction list asks for it.
        allow(['dynamodb:GetItem'], [counters.tableArn], keysLike('POP#*')),
        // Keys of DNS lists.
        ...deployment.dnsListKeySecrets.map((arn) => readSecret(arn)),
      ],
      alarms: [
        {
          name: 'DnsListsOff',
          meaning: 'A DNS list is out of order or does not answer us: nobody is judged by it',
          metric: ownMetric(deployment, 'DnsListsOff'),
          threshold: 0,
        },
      ],
    })
  }
}
