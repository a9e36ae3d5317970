"""Pictures: fetched from whoever has them, checked, kept by their content, shown in the sizes that are asked for."""
