from benchmarks import client_sync


def test_a_sync_is_put_beside_bare_threads_and_its_acks_beside_those_of_an_idle_app() -> None:
    results = client_sync.run(
        databases=["sqlite"], organisations=3, many=0, latency=0.01, sequential=1, idle_commands=2
    )

    assert set(results) == {"client_sync_sqlite", "client_sync_acks_sqlite"}
    assert results["client_sync_sqlite"]["edits"] >= 1
