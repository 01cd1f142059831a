/**
 * The control plane: keeps, checks, signs and serves the one configuration snapshot.
 *
 * <p>Enters: sections as JSON from administrators and programs with the admin token, each with the version it is based
 * on; the rooms' own checks of their sections. Leaves: signed snapshots by long poll for every node, their history, and
 * for a bad section all that is wrong with it at once.
 *
 * <p>Must not be here: the meaning of a section; anything that a call of a phone waits for. The data plane runs on
 * without this room. This is the only package that imports the HTTP framework of the admin API.
 */
@NullMarked
package io.rialto.control;

import org.jspecify.annotations.NullMarked;
