/**
 * PostgreSQL, the only keeper of state: an embedded server in a data directory, or an external one by its URL;
 * connection pools, migrations and least-privilege roles.
 *
 * <p>Enters: a directory or a URL, migrations of the rooms. Leaves: data sources, credentials, and the health of a
 * server that is ours to run. This is the only package that imports the driver, the pool, the migration tool and what
 * unpacks the binaries.
 *
 * <p>Must not be here: any table; each room has its own schema and migrations.
 */
@NullMarked
package io.rialto.node.postgres;

import org.jspecify.annotations.NullMarked;
