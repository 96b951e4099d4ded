from benchmarks import uploads


def test_a_preview_is_put_beside_a_bare_csv_and_pydantic_over_the_same_file() -> None:
    data = uploads.content(20)

    assert sum(uploads.bare_preview(data).values()) == 20
    assert uploads.preview(data, uploads.KNOWN) == {"create": 20}
    assert set(uploads.run(rows=20, rounds=1)) == {
        "uploads_preview",
        "uploads_preview_known",
        "uploads_preview_memory",
        "uploads_import_sqlite",
        "uploads_import_inviting_sqlite",
        "uploads_import_postgresql",
        "uploads_import_inviting_postgresql",
    }
